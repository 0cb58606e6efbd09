package quicgo

import "github.com/quic-go/quic-go"

var (
	streamReceiveStream = offset[quic.Stream, *quic.ReceiveStream]("receiveStr")
	streamSendStream    = offset[quic.Stream, *quic.SendStream]("sendStr")
)

// SendSide returns the sending side of a bidirectional stream.
func SendSide(s *quic.Stream) *quic.SendStream {
	return *at[*quic.SendStream](s, streamSendStream)
}

// ReceiveSide returns the receiving side of a bidirectional stream.
func ReceiveSide(s *quic.Stream) *quic.ReceiveStream {
	return *at[*quic.ReceiveStream](s, streamReceiveStream)
}
