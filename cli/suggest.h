/* The word that somebody may have meant. */
#ifndef SUGGEST_H
#define SUGGEST_H

/* The best so far; all zero at the start. `word` stays NULL if nothing is near enough. */
struct suggestion {
    const char *word;
    int distance;
};

/* Takes `known` if it is nearer to what was typed than what was there. */
void suggest(struct suggestion *best, const char *typed, const char *known);

#endif
