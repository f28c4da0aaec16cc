/** What a script may rely on (docs: README, "What an operator does"). */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  verification: 3,
  notAllowed: 4,
  unreachable: 5,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
