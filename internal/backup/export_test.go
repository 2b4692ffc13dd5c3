package backup

// Begin reads an archive that is decrypted already.
var Begin = begin
