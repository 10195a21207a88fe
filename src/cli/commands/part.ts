import { buildCommand, type Command, type CommandContext } from '@stricli/core'
import { runCommand } from '../terminal/run-command.ts'

/** A command that `bulkhead up` starts as a child process; it takes no flags, its settings come over the IPC channel. */
export function partCommand(name: string, load: () => Promise<() => Promise<void>>): Command<CommandContext> {
  return buildCommand({
    func: () => runCommand(async () => (await load())()),
    parameters: {},
    docs: { brief: `The ${name} part of a cluster; started by "bulkhead up"` },
  })
}
