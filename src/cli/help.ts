// The text of `--help`: usage, examples, flags in groups with one line of help each, and exit codes, at most 100 columns wide.
import type { Command, CommandContext, RouteMap } from '@stricli/core'

type HelpExample = readonly [command: string, meaning: string]

export interface CommandHelp {
  /** What follows the command's name, such as `[flags] PATH…`. */
  readonly usage: string
  readonly examples: readonly HelpExample[]
  /** The names of the flags by the heading under which they are listed. Default: all under "Flags". */
  readonly groups?: Readonly<Record<string, readonly string[]>>
  readonly exitCodes?: string
}

const width = 100
/** A longer name of a flag, or a longer example, has its help on the next line. */
const nameWidth = { flag: 32, example: 42 }

const kebab = (name: string): string => name.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)

/** The command with `help` as its answer to `--help`. */
export function withHelp(command: Command<CommandContext>, help: CommandHelp): Command<CommandContext> {
  return { ...command, formatHelp: ({ prefix }) => formatCommandHelp(prefix.join(' '), command, help) }
}

/** The group of commands with a list of its commands as its answer to `--help`. */
export function withCommandList(map: RouteMap<CommandContext>, examples: readonly HelpExample[]): RouteMap<CommandContext> {
  return {
    ...map,
    formatHelp({ prefix, additionalFlags }) {
      const name = prefix.join(' ')
      const visible = map.getAllEntries().filter(({ hidden }) => !hidden)
      const flags = additionalFlags
        .filter(({ hidden, name }) => !hidden && name !== 'helpAll')
        .map(flag => [`-${flag.aliases?.[0]}, --${flag.name}`, flag.brief] as const)
      return blocks([
        map.brief,
        block('Usage', [`${name} COMMAND [flags]`]),
        block('Commands', table(visible.map(entry => [entry.name['convert-camel-to-kebab'], entry.target.brief]))),
        block('Examples', table(examples, nameWidth.example)),
        block('Flags', table(flags)),
        `"${name} COMMAND --help" shows the flags and examples of a command.`,
      ])
    },
  }
}

/** The help of the command that the group runs without the name of one, and its other commands. */
export function withDefaultCommand(map: RouteMap<CommandContext>, command: Command<CommandContext>): RouteMap<CommandContext> {
  return {
    ...map,
    formatHelp(args) {
      const others = map.getAllEntries().filter(({ hidden, target }) => !hidden && target !== command)
      const rows = others.map(entry => [`${args.prefix.join(' ')} ${entry.name['convert-camel-to-kebab']}`, entry.target.brief] as const)
      return blocks([command.formatHelp(args).trimEnd(), block('Other commands', table(rows))])
    },
  }
}

function formatCommandHelp(name: string, { brief, parameters }: Command<CommandContext>, help: CommandHelp): string {
  const { flags = {}, aliases = {} } = parameters
  const shortOf = (flag: string) => Object.entries(aliases).find(([, long]) => long === flag)?.[0]
  const row = (flag: string): readonly [string, string] => {
    const parameter = flags[flag]
    if (parameter === undefined) throw new Error(`No flag "${flag}"`)
    const short = shortOf(flag)
    const negatable = parameter.kind === 'boolean' && parameter.withNegated !== false
    const value =
      parameter.kind === 'enum'
        ? ` ${parameter.values.join('|')}`
        : parameter.kind === 'parsed'
          ? ` ${parameter.placeholder}${'variadic' in parameter && parameter.variadic ? '…' : ''}`
          : ''
    return [`${short === undefined ? '' : `-${short}, `}--${negatable ? '[no-]' : ''}${kebab(flag)}${value}`, parameter.brief]
  }
  const groups = Object.entries(help.groups ?? { Flags: Object.keys(flags) }).filter(([, names]) => names.length > 0)
  const { positional } = parameters
  const parameterOf = positional?.kind === 'array' ? [positional.parameter] : positional?.kind === 'tuple' ? positional.parameters : []
  return blocks([
    brief,
    block('Usage', [`${name} ${help.usage}`]),
    block('Arguments', table(parameterOf.map(({ placeholder = '', brief }) => [placeholder, brief]))),
    block('Examples', table(help.examples, nameWidth.example)),
    ...groups.map(([heading, names]) => block(heading, table(names.map(row)))),
    help.exitCodes === undefined ? '' : `Exit codes: ${help.exitCodes}.`,
  ])
}

const blocks = (parts: readonly string[]): string => `${parts.filter(part => part !== '').join('\n\n')}\n`

const block = (heading: string, lines: readonly string[]): string =>
  lines.length === 0 ? '' : [`${heading}:`, ...lines.map(line => `  ${line}`)].join('\n')

/** Two columns; the second is wrapped, and begins on the next line where the first is too long. */
function table(rows: readonly (readonly [string, string])[], longest = nameWidth.flag): string[] {
  const fitting = rows.map(([name]) => name.length).filter(length => length <= longest)
  const column = (fitting.length === 0 ? longest : Math.max(...fitting)) + 2
  return rows.flatMap(([name, text]) => {
    const [first = '', ...more] = wrapped(text, width - 2 - column)
    const rest = more.map(line => ' '.repeat(column) + line)
    return name.length > column - 2 ? [name, ' '.repeat(column) + first, ...rest] : [name.padEnd(column) + first, ...rest]
  })
}

function wrapped(text: string, columns: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= columns) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
