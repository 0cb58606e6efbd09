package config

import (
	"bytes"
	"errors"
	"strconv"
)

// Parse reads a Config from options.
func Parse(data []byte) (*Config, error) {
	c := &Config{}
	if err := parse(data, c.set); err != nil {
		return nil, err
	}
	return c, nil
}

// parse reads options one after another: each is a name, a space, the length of the value in bytes,
// a colon and the value. Lists have an option for each element. Unknown names are skipped. (The
// JSON of the standard library takes a seventieth of the size of the binary.)
func parse(data []byte, set func(name, value string) error) error {
	for len(data) > 0 {
		name, rest, _ := bytes.Cut(data, []byte{' '})
		length, rest, _ := bytes.Cut(rest, []byte{':'})
		n, err := strconv.Atoi(string(length))
		if err != nil || n < 0 || n > len(rest) {
			return &Error{"config", "not in the format of options"}
		}
		if err := set(string(name), string(rest[:n])); err != nil {
			return &Error{"config." + string(name), err.Error()}
		}
		data = rest[n:]
	}
	return nil
}

func (c *Config) set(name, value string) (err error) {
	switch name {
	case "ca":
		c.CA = append(c.CA, value)
	case "key":
		c.Key = append(c.Key, value)
	case "cert":
		c.Cert = append(c.Cert, value)
	case "applicationProtos":
		c.ApplicationProtos = append(c.ApplicationProtos, value)
	case "sigalgs":
		c.SigAlgs = value
	case "logKeys":
		c.LogKeys = value
	case "qlog":
		c.QLog = value
	case "congestionControl":
		c.CongestionControl = value
	case "retry":
		c.Retry = value
	case "verifyPeer":
		c.VerifyPeer = value == "true"
	case "verifyCallback":
		c.VerifyCallback = value == "true"
	case "pathMTUDiscovery":
		c.PathMTUDiscovery = value == "true"
	case "disableActiveMigration":
		c.DisableActiveMigration = value == "true"
	case "probeIdle":
		c.ProbeIdle = value == "true"
	case "enableEarlyData":
		c.EnableEarlyData = value == "true"
	case "enableDatagrams":
		c.EnableDatagrams = value == "true"
	case "keepAliveIntervalTime":
		err = setNumber(&c.KeepAliveIntervalTime, value)
	case "minIdleTimeout":
		err = setNumber(&c.MinIdleTimeout, value)
	case "maxIdleTimeout":
		err = setNumber(&c.MaxIdleTimeout, value)
	case "maxSendUdpPayloadSize":
		err = setNumber(&c.MaxSendUDPPayloadSize, value)
	case "initialMaxData":
		err = setNumber(&c.InitialMaxData, value)
	case "initialMaxStreamDataBidiLocal":
		err = setNumber(&c.InitialMaxStreamDataBidiLocal, value)
	case "initialMaxStreamDataBidiRemote":
		err = setNumber(&c.InitialMaxStreamDataBidiRemote, value)
	case "initialMaxStreamDataUni":
		err = setNumber(&c.InitialMaxStreamDataUni, value)
	case "maxConnectionWindow":
		err = setNumber(&c.MaxConnectionWindow, value)
	case "maxStreamWindow":
		err = setNumber(&c.MaxStreamWindow, value)
	case "maxExempt":
		err = setNumber(&c.MaxExempt, value)
	case "initialMaxStreamsBidi":
		err = setNumber(&c.InitialMaxStreamsBidi, value)
	case "initialMaxStreamsUni":
		err = setNumber(&c.InitialMaxStreamsUni, value)
	case "incomingHighWaterMark":
		err = setNumber(&c.IncomingHighWaterMark, value)
	case "retryThreshold":
		err = setNumber(&c.RetryThreshold, value)
	case "maxHandshakes":
		err = setNumber(&c.MaxHandshakes, value)
	case "maxUnvalidatedHandshakes":
		err = setNumber(&c.MaxUnvalidatedHandshakes, value)
	case "maxConnections":
		err = setNumber(&c.MaxConnections, value)
	case "maxConnectionsPerAddress":
		err = setNumber(&c.MaxConnectionsPerAddress, value)
	case "tokenLifetime":
		err = setNumber(&c.TokenLifetime, value)
	}
	return err
}

// setNumber sets an option to a number as JavaScript writes it. They are not negative, and small
// enough for their types.
func setNumber[N float64 | uint64 | int64 | int](option *N, value string) error {
	number, err := strconv.ParseFloat(value, 64)
	if err != nil || !(number >= 0 && number <= 1<<62) {
		return errors.New("not a number that can be used")
	}
	*option = N(number)
	return nil
}
