//go:build !linux

package sqlstore

import "os"

// Elsewhere a system reads ahead as it likes.
func readAhead(*os.File, int64, int64) {}

func readRarely(*os.File) {}

func readAllOver([]uint64) {}
