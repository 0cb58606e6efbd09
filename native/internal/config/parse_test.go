package config

import (
	"reflect"
	"strings"
	"testing"
)

func TestEveryOptionIsRead(t *testing.T) {
	var text strings.Builder
	fields := reflect.VisibleFields(reflect.TypeFor[Config]())
	for _, field := range fields {
		if !field.IsExported() {
			continue
		}
		name := strings.ToLower(field.Name[:1]) + field.Name[1:]
		// Names that Go writes in its own way
		switch field.Name {
		case "CA", "SigAlgs":
			name = strings.ToLower(field.Name)
		case "QLog":
			name = "qlog"
		case "MaxSendUDPPayloadSize":
			name = "maxSendUdpPayloadSize"
		case "PathMTUDiscovery":
			name = "pathMTUDiscovery"
		}
		value := "7"
		if field.Type.Kind() == reflect.Bool {
			value = "true"
		}
		text.WriteString(name + " " + string(rune('0'+len(value))) + ":" + value)
	}
	c, err := Parse([]byte(text.String() + "unknown 3:a:b"))
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range fields {
		if field.IsExported() && reflect.ValueOf(c).Elem().FieldByIndex(field.Index).IsZero() {
			t.Errorf("%s is not read", field.Name)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("ca 3:abcca 2:de"))
	f.Add([]byte("maxIdleTimeout 3:NaN"))
	f.Add([]byte("initialMaxData 4:1e99"))
	f.Add([]byte("x 99999999999999999999:"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, err := Parse(data); err == nil {
			c.QUIC()
			c.LogKeys = "" // a file that would be written
			c.ServerTLS(nil)
			c.ClientTLS("localhost", nil)
		}
	})
}
