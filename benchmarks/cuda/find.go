package cuda

import (
	"os/exec"
	"path/filepath"
)

// PythonFolders are the folders of packages of the Pythons that an environment
// leads to: its virtual environment, Conda's, and the python3 on PATH. None is run.
func PythonFolders(lookup func(string) (string, bool)) (folders []string) {
	var prefixes []string
	for _, variable := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		if dir, ok := lookup(variable); ok && dir != "" {
			prefixes = append(prefixes, dir)
		}
	}
	if python, err := exec.LookPath("python3"); err == nil {
		prefixes = append(prefixes, filepath.Dir(filepath.Dir(python)))
		if real, err := filepath.EvalSymlinks(python); err == nil {
			prefixes = append(prefixes, filepath.Dir(filepath.Dir(real)))
		}
	}
	for _, prefix := range append(prefixes, "/usr/local") {
		for _, pattern := range []string{"lib/python3*/site-packages", "lib/python3*/dist-packages", "lib/python3/dist-packages"} {
			found, _ := filepath.Glob(filepath.Join(prefix, pattern))
			folders = append(folders, found...)
		}
	}
	return folders
}
