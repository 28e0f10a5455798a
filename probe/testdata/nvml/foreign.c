/* A library of the right name without an entry point of NVML. */
int unrelated(void) { return 0; }
