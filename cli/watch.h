/* Calls that Ctrl-C stops. */
#ifndef WATCH_H
#define WATCH_H

#include <cos.h>

/* Whether Ctrl-C has come. Whoever asks leaves something undone if it has. */
int stops(void);

/* Whether somebody has. What is done when Ctrl-C comes is done. */
int left_undone(void);

/* What stops the calls of the client that all commands use. */
void set_stop(cos_transfer *stop);

/* Runs `work` on so many threads at a time until all have ended. From the first Ctrl-C on that is noted
 * (see system.h), all calls return that they were cancelled. */
void run_watched(int threads, void (*work)(void *user), void *user);

/* The same on one thread, for a call that the client follows: the bar shows how far it is. */
void run_followed(void (*work)(void *user), void *user);

#endif
