// Package plimsoll embeds the shipped catalog, so that the binary needs no
// file beside it.
package plimsoll

import _ "embed"

//go:embed catalog.toml
var catalogTOML []byte

// CatalogTOML returns the text of the shipped catalog.toml; callers must not
// change it.
func CatalogTOML() []byte { return catalogTOML }
