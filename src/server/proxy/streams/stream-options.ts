// PodExecOptions, PodAttachOptions and PodPortForwardOptions: read once of the query, seen by admission, and sent to the node as admission has left them.
import type { ExecOptions, ForwardOptions } from '../../../api/node-query.ts'
import type { Query } from '../../request/query.ts'
import { readPorts } from './forwarded-ports.ts'

export type StreamKind = 'exec' | 'attach' | 'portforward'

/** Of any of the kinds; what a kind does not have is empty. */
export interface StreamOptions extends ExecOptions, ForwardOptions {
  /** '' for none. */
  readonly container: string
}

const flags = ['stdin', 'stdout', 'stderr', 'tty'] as const

/** What the client asks for; what says nothing is left out, as upstream's types have it. Throws a 400 for ports that are none. */
export function requestedOptions(query: Query, kind: StreamKind): Readonly<Record<string, unknown>> {
  if (kind === 'portforward') {
    const ports = readPorts(query.all('ports'))
    return ports.length === 0 ? {} : { ports }
  }
  const container = query.get('container')
  return {
    ...Object.fromEntries(flags.filter(name => query.flag(name)).map(name => [name, true])),
    ...(container ? { container } : {}),
    ...(kind === 'exec' ? { command: query.all('command').length === 0 ? null : [...query.all('command')] } : {}),
  }
}

/** What is carried out: `admitted` are the options behind admission, which its plug-ins may have changed. */
export function streamOptions({ container, command, ports, ...rest }: Readonly<Record<string, unknown>>, kind: StreamKind): StreamOptions {
  return {
    stdin: rest['stdin'] === true,
    stdout: rest['stdout'] === true,
    stderr: rest['stderr'] === true,
    tty: rest['tty'] === true,
    container: typeof container === 'string' ? container : '',
    command: kind === 'exec' && Array.isArray(command) ? command.map(String) : [],
    ports: kind === 'portforward' && Array.isArray(ports) ? ports.map(Number) : [],
  }
}
