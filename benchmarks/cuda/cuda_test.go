package cuda

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestLibraryFiles(t *testing.T) {
	dir := t.TempDir()
	lib := filepath.Join(dir, "lib/python3.12/site-packages/nvidia/cublas/lib")
	if err := os.MkdirAll(lib, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(lib, "libcublasLt.so.12")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	folders := PythonFolders(func(name string) (string, bool) { return dir, name == "VIRTUAL_ENV" })
	files := ProductFiles(folders)
	if files[0] != "libcublasLt.so.13" || !slices.Contains(files, path) {
		t.Errorf("%v", files)
	}
	if files := CollectiveFiles(nil); files[0] != "libnccl.so.2" {
		t.Errorf("%v", files)
	}
}

func TestErrors(t *testing.T) {
	err := fmt.Errorf("device 3: %w", check("cuLaunchKernel", 719))
	if !errors.Is(err, LaunchFailed) || !Lost(err) || !strings.Contains(err.Error(), "cuLaunchKernel: CUDA error 719: the launch failed") {
		t.Errorf("%v", err)
	}
	if check("cuInit", 0) != nil || Lost(OutOfMemory) || Lost(errors.New("x")) || Result(777).Error() != "CUDA error 777" {
		t.Error("results")
	}
	if err := status("cublasLtMatmul", 15); err == nil || !strings.Contains(err.Error(), "not supported") {
		t.Errorf("%v", err)
	}
	if _, err := Open("/no/such/library.so"); !errors.Is(err, ErrNoDriver) {
		t.Errorf("%v", err)
	}
}
