package probe

import "context"

// systemVersion is not used on Linux, where files say it.
func systemVersion(context.Context) (distribution, kernel string, err error) { return "", "", nil }
