package gs1

// GLN is a Global Location Number of 13 digits. Only ParseGLN makes one.
type GLN string

// ParseGLN reads a GLN. The error is a *KeyError.
func ParseGLN(s string) (GLN, error) {
	if err := verifyKey("GLN", s, 13); err != nil {
		return "", err
	}
	return GLN(s), nil
}
