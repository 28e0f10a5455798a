// Package gguf reads the header of GGUF model files: metadata, and the name,
// shape, type, size and place of every tensor. It never reads tensor data and
// writes nothing.
//
// A header is untrusted input. Every length is held against the bytes that the
// file still has before anything is allocated, long arrays (token lists) are
// skipped and only counted, and every error names the file, the byte offset
// and what was expected there.
//
// The format is the GGUF specification of the ggml project (docs/gguf.md,
// versions 2 and 3); tensor types and their blocks are those of ggml.h and
// ggml-common.h.
package gguf
