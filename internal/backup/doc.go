// Package backup writes and reads what brings a node back: archives of the
// whole store, made on demand or at intervals, and the second copy, to which
// each committed batch is appended.
//
// An archive is an age file around a tar: manifest.json says whose store it is
// and where its logs ended, keys.json is the key file, implantrace.db the store
// and implantrace.db.sha256 its checksum. age and tar are enough to open one
// where this program is not at hand:
//
//	age -d -i recovery.txt backup.age | tar -x && sha256sum -c implantrace.db.sha256
//
// The recipients are the holder of the node's keys, and each recovery
// recipient, whose identity is kept elsewhere.
package backup
