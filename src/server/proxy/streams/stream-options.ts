// PodExecOptions, PodAttachOptions and PodPortForwardOptions: parsed once from the query, admitted, and sent to the node as admitted.
import type { ExecOptions, ForwardOptions } from '../../../api/nodes/node-query.ts'
import type { Query } from '../../request/query.ts'
import { readPorts } from './forwarded-ports.ts'

export type StreamKind = 'exec' | 'attach' | 'portforward'

/** Options of all kinds; fields that a kind does not have are empty. */
export interface StreamOptions extends ExecOptions, ForwardOptions {
  /** '' for none. */
  readonly container: string
}

const flags = ['stdin', 'stdout', 'stderr', 'tty'] as const

/** The requested options, without default values, as in upstream's types. Throws a 400 for invalid ports. */
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

/** The options to execute: `admitted` are those after admission, which plug-ins may have changed. */
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
