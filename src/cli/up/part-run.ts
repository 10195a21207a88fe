// One run of a part: its process, and the channel to it. How a process is started is a choice: as a child, or as a unit of systemd.
import { type ChildProcess, spawn } from 'node:child_process'
import { Duplex } from 'node:stream'
import { channelDescriptor, channelEnvironment } from './part-channel.ts'
import type { PartDefinition } from './supervisor.ts'

export interface PartExit {
  /** For example `exit code 1` or `signal SIGKILL`. */
  readonly text: string
  /** Whether it was killed, so that it could not clean up after itself. */
  readonly killed: boolean
}

export interface PartRun {
  readonly pid: number | undefined
  readonly channel: Duplex
  /** Never rejects. */
  readonly exited: Promise<PartExit>
  kill(): void
}

/**
 * `command` is Node and its arguments before the name of the part. Rejects if the process cannot be started, and may reject when the part is to stop before
 * it runs.
 */
export type LaunchPart = (definition: PartDefinition, command: readonly string[], stopping: AbortSignal) => Promise<PartRun>

// Without the flag, SIGUSR1 makes Node open a debugger port, at which every user of the machine can run code in the part.
export const partArguments = ({ name, nodeFlags }: PartDefinition, args: readonly string[]): readonly string[] => [
  '--disable-sigusr1',
  ...nodeFlags,
  ...args,
  name,
]

export const partEnvironment = ({ environment }: PartDefinition): Readonly<Record<string, string>> => ({
  ...environment,
  ...channelEnvironment,
})

export const launchChild: LaunchPart = async (definition, [program = process.execPath, ...args]) => {
  const { userId } = definition
  const child = spawn(program, partArguments(definition, args), {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    env: partEnvironment(definition),
    cwd: '/',
    ...(userId === undefined ? {} : { uid: userId, gid: userId }),
  })
  const exited = new Promise<PartExit>(resolve => {
    child.once('error', err => resolve({ text: err.message, killed: false }))
    child.once('exit', (code, signal) =>
      resolve(signal === null ? { text: `exit code ${code}`, killed: false } : { text: `signal ${signal}`, killed: true }),
    )
  })
  return { pid: child.pid, channel: channelOf(child), exited, kill: () => child.kill('SIGKILL') }
}

/** Without file descriptors the child has no stream; its error event reports that. */
function channelOf(child: ChildProcess): Duplex {
  const stream = (child.stdio as ChildProcess['stdio'] | undefined)?.[channelDescriptor]
  return stream instanceof Duplex ? stream : new Duplex().destroy()
}
