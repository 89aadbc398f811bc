/* Runs a program on a thread of its own: what a thread keeps for itself is freed when it ends, and
 * the main thread never does. PROGRAM is the source of the program. */
#define main main_of_program
#include PROGRAM
#undef main

#include <pthread.h>

static int arguments, result;

static void *run_program(void *argv)
{
    result = main_of_program(arguments, argv);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    arguments = argc;
    if (pthread_create(&thread, NULL, run_program, argv) != 0 || pthread_join(thread, NULL) != 0)
        return EXIT_FAILURE;
    return result;
}
