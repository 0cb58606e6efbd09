// Package quicgo holds all that is known of quic-go and crypto/tls beyond what they export: it
// alone reaches into them, by the places of fields, by the names of functions, by the text of
// stacks, and by numbers that only stand in their sources.
//
// What has moved in an upgrade shows at once. A field that is not as it was ends the process when
// it starts, a function that is gone ends the link, and the tests of this package say for each item
// what depends on it.
package quicgo
