package packetconn

import "golang.org/x/sys/windows"

const errMessageSize = windows.WSAEMSGSIZE
