import type { Command, Option } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** A command as a shell needs to know it. */
interface Node {
  /** Names from the program's down, without it; empty for the program itself. */
  readonly path: readonly string[];
  readonly summary: string;
  readonly subcommands: readonly { readonly name: string; readonly summary: string }[];
  readonly options: readonly { readonly flag: string; readonly summary: string; readonly choices: readonly string[] }[];
}

/** A completion script for this command tree: commands, flags and their fixed values; files for the rest. */
export function completionScript(shell: Shell, program: Command): string {
  const nodes = nodesOf(program, []);
  switch (shell) {
    case 'bash':
      return bash(nodes);
    case 'zsh':
      return zsh(nodes);
    case 'fish':
      return fish(nodes);
  }
}

const NAMES = ['snap-store-proxy', 'snap-proxy'];

function nodesOf(command: Command, path: readonly string[]): Node[] {
  const help = command.createHelp();
  const subcommands = help.visibleCommands(command).filter((sub) => sub.name() !== 'help');
  // Global options are taken after any command.
  const options = [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)];
  const node: Node = {
    path,
    summary: command.description(),
    subcommands: subcommands.map((sub) => ({ name: sub.name(), summary: sub.description() })),
    options: options.map(describeOption),
  };
  return [node, ...subcommands.flatMap((sub) => nodesOf(sub, [...path, sub.name()]))];
}

function describeOption(option: Option): Node['options'][number] {
  return { flag: option.long ?? option.short ?? '', summary: option.description, choices: option.argChoices ?? [] };
}

/** The parts that bash and zsh have in common: which words may follow on each command, and on each flag with choices. */
function wordTables(nodes: readonly Node[]): { steps: string; words: string; choices: string } {
  const steps = nodes.filter(({ path }) => path.length > 0).map(({ path }) => quote(path.join(' ')));
  const words = nodes.map(({ path, subcommands, options }) => {
    const all = [...subcommands.map(({ name }) => name), ...options.map(({ flag }) => flag)];
    return `    ${quote(path.join(' '))}) words=${quote(all.join(' '))} ;;`;
  });
  const choices = new Map(
    nodes.flatMap(({ options }) => options.map((option) => [option.flag, option.choices] as const)),
  );
  const cases = [...choices].filter(([, values]) => values.length > 0);
  return {
    steps: steps.join('|'),
    words: words.join('\n'),
    choices: cases.map(([flag, values]) => `    ${flag}) words=${quote(values.join(' '))} ;;`).join('\n'),
  };
}

function bash(nodes: readonly Node[]): string {
  const { steps, words, choices } = wordTables(nodes);
  return `# bash completion; put it into /etc/bash_completion.d/ or source it
_snap_store_proxy() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path="" word words=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$word" in
      ${steps}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path" in
${words}
  esac
  case "$previous" in
${choices}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _snap_store_proxy ${NAMES.join(' ')}
`;
}

function zsh(nodes: readonly Node[]): string {
  const { steps, words, choices } = wordTables(nodes);
  return `#compdef ${NAMES.join(' ')}
# zsh completion; put it as _snap-store-proxy into a folder of $fpath, or source it after compinit
_snap_store_proxy() {
  local trail="" word words_there=("\${(@)words[2,CURRENT-1]}") previous="\${words[CURRENT-1]}"
  local current_words
  for word in $words_there; do
    case "\${trail:+$trail }$word" in
      (${steps}) trail="\${trail:+$trail }$word" ;;
    esac
  done
  local words=""
  case "$trail" in
${words.replaceAll(/^ {4}/gm, '    (')}
  esac
  case "$previous" in
${choices.replaceAll(/^ {4}/gm, '    (')}
  esac
  current_words=(\${=words})
  compadd -- $current_words
  _files
}
compdef _snap_store_proxy ${NAMES.join(' ')}
`;
}

function fish(nodes: readonly Node[]): string {
  const lines = NAMES.flatMap((name) => nodes.flatMap((node) => fishLines(name, node)));
  return `# fish completion; put it into ~/.config/fish/completions/snap-store-proxy.fish\n${lines.join('\n')}\n`;
}

function fishLines(program: string, { path, subcommands, options }: Node): string[] {
  const there = path.map((name) => `__fish_seen_subcommand_from ${name}`);
  const names = subcommands.map(({ name }) => name).join(' ');
  const notFurther =
    path.length === 0 ? ['__fish_use_subcommand'] : [...there, `not __fish_seen_subcommand_from ${names}`];
  const describe = (text: string): string => `-d ${quote(text.split('\n')[0] ?? '')}`;
  return [
    ...subcommands.map(
      ({ name, summary }) =>
        `complete -c ${program} -f -n ${quote(notFurther.join('; and '))} -a ${name} ${describe(summary)}`,
    ),
    ...options.map(({ flag, summary, choices }) => {
      const condition = there.length === 0 ? '' : `-n ${quote(there.join('; and '))} `;
      const values = choices.length === 0 ? '' : `-x -a ${quote(choices.join(' '))} `;
      return `complete -c ${program} ${condition}-l ${flag.replace(/^-+/, '')} ${values}${describe(summary)}`;
    }),
  ];
}

/** For all three shells. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'"'"'`)}'`;
}
