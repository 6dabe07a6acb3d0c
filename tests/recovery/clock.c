/* The server's clock, set off by what a file says, in seconds: preloaded into it, as a clock that jumps. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

int gettimeofday(struct timeval *restrict time, void *restrict zone)
{
	static int (*real)(struct timeval *, void *);
	const char *name = getenv("WF_CLOCK");
	long offset = 0;
	FILE *file;
	int result;

	if (real == NULL)
		real = (int (*)(struct timeval *, void *)) dlsym(RTLD_NEXT, "gettimeofday");
	result = real(time, zone);
	if (name != NULL && (file = fopen(name, "r")) != NULL)
	{
		if (fscanf(file, "%ld", &offset) != 1)
			offset = 0;
		fclose(file);
	}
	time->tv_sec += offset;
	return result;
}
