package shared

// TLS alerts for handshakes that the application did not let pass (RFC 8446 section 6).
const (
	AlertCertificateUnknown = 46
	AlertInternalError      = 80
	AlertUserCanceled       = 90
)
