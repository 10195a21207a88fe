// Runs a part as a unit of systemd: its sandbox is systemd's, and the channel is a socket that systemd opens for it as descriptor 3.
import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { listenOnSocket } from '../../base/net/listen-on-socket.ts'
import { UserError } from '../../base/user-error.ts'
import { CommandFailed, runProgram } from '../../network/command.ts'
import type { DataDirectory } from './data-directory.ts'
import { type LaunchPart, type PartExit, partArguments, partEnvironment } from './part-run.ts'
import { sandboxOf } from './part-sandbox.ts'
import type { PartDefinition } from './supervisor.ts'

/** As systemd-run: the unit's process was killed by a signal. */
const killedCode = 255
/** Of a part whose event loop comes first; others have 100. A thread of its own has no weight in systemd. */
const firstWeight = 800
/** As systemctl, for a unit that does not exist. */
const notLoaded = 5

export interface UnitOptions {
  /** Of the units' names: `bulkhead` for `bulkhead-server.service`. */
  readonly service: string
  readonly directory: DataDirectory
}

/** Of the sockets of the channels. systemd makes it for the service; only root may open it. */
export const channelFolder = (service: string): string => `/run/${service}`

export function launchUnits({ service, directory }: UnitOptions): LaunchPart {
  const sockets = channelFolder(service)
  mkdirSync(sockets, { recursive: true, mode: 0o700 })
  chmodSync(sockets, 0o700)
  return async (definition, command, stopping) => {
    stopping.throwIfAborted()
    const unit = `${service}-${definition.name}.service`
    const socket = join(sockets, `${definition.name}.sock`)
    rmSync(socket, { force: true })
    // What a killed supervisor left ends by itself; the unit's name is free then.
    await stopIfThere(unit)
    await using listening = await listen(socket)
    const waiter = spawn('systemd-run', runArguments({ unit, service, socket, directory }, definition, command), {
      stdio: ['ignore', 'inherit', 'pipe'],
    })
    let said = ''
    waiter.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(-500)
    })
    const exited = new Promise<PartExit>(resolve => {
      waiter.once('error', err => resolve({ text: err.message, killed: false }))
      waiter.once('close', code =>
        resolve({
          text: code === killedCode ? 'killed by a signal' : `exit code ${code}${said && `: ${said.trim()}`}`,
          killed: code === killedCode,
        }),
      )
    })
    // While the service stops, systemd starts none of its units: it waits for the stop, which would wait for the start.
    const endWaiting = () => waiter.kill()
    stopping.addEventListener('abort', endWaiting, { once: true })
    const channel = await Promise.race([listening.connected, exited])
    stopping.removeEventListener('abort', endWaiting)
    if ('killed' in channel) {
      // Its start may still be queued.
      if (stopping.aborted) await runProgram('systemctl', ['stop', '--no-block', '--quiet', unit])
      throw new UserError(`systemd did not start ${unit}: ${channel.text}`)
    }
    const pid = Number(await runProgram('systemctl', ['show', '--property=MainPID', '--value', unit]))
    return { pid: pid > 0 ? pid : undefined, channel, exited, kill: () => killUnit(unit) }
  }
}

async function stopIfThere(unit: string): Promise<void> {
  try {
    await runProgram('systemctl', ['stop', '--quiet', unit])
  } catch (err) {
    if (!(err instanceof CommandFailed && err.code === notLoaded)) throw err
  }
}

function killUnit(unit: string): void {
  // It has ended meanwhile, or systemd itself is gone; `exited` tells either.
  runProgram('systemctl', ['kill', '--signal=SIGKILL', '--kill-whom=main', unit]).catch(() => undefined)
}

interface RunInput {
  readonly unit: string
  readonly service: string
  readonly socket: string
  readonly directory: DataDirectory
}

/** The arguments of systemd-run. Throws a UserError for a part without a sandbox. */
export function runArguments(
  { unit, service, socket, directory }: RunInput,
  definition: PartDefinition,
  [program = process.execPath, ...args]: readonly string[],
): string[] {
  const { name, userId, priority, writes } = definition
  const sandbox = sandboxOf(name, directory, writes)
  if (sandbox === undefined) throw new UserError(`The part "${name}" has no sandbox of systemd`)
  const user = userId === undefined ? [] : [`User=${userId}`, `Group=${userId}`]
  const properties = [
    `Description=Bulkhead: ${name}`,
    'Type=exec',
    ...user,
    'WorkingDirectory=/',
    `OpenFile=${socket}:channel`,
    // A stop of the machine first stops the service, which stops its parts in their order.
    `Before=${service}.service`,
    ...(priority?.all === undefined ? [] : [`Nice=${priority.all}`]),
    ...(priority?.loop === undefined ? [] : [`CPUWeight=${firstWeight}`]),
    ...sandbox.map(([property, value]) => `${property}=${value}`),
    ...Object.entries(partEnvironment(definition)).map(([variable, value]) => `Environment="${variable}=${value}"`),
  ]
  return [
    ...['--quiet', '--collect', '--wait', '--no-ask-password', `--unit=${unit}`],
    ...properties.map(property => `--property=${property}`),
    ...['--', program, ...partArguments(definition, args)],
  ]
}

interface Listening extends AsyncDisposable {
  readonly connected: Promise<Socket>
}

/** Accepts one connection. */
async function listen(path: string): Promise<Listening> {
  const server = createServer()
  server.maxConnections = 1
  const connected = new Promise<Socket>(resolve => server.once('connection', resolve))
  await listenOnSocket(server, path, 0o600)
  return {
    connected,
    async [Symbol.asyncDispose]() {
      // It waits for no connection: the accepted one stays.
      server.close()
      rmSync(path, { force: true })
    },
  }
}
