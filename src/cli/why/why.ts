// `bulkhead why`: fetches explanations from the API server and prints them. It decides nothing itself.
import { UserError } from '../../base/user-error.ts'
import { Client } from '../../client/client.ts'
import type { Transport } from '../../client/transport/transport.ts'
import type { Explanation } from '../../server/paths/why/explanation.ts'
import { findKubeconfig } from '../connection/find-kubeconfig.ts'
import { reachCluster } from '../connection/reach-cluster.ts'
import { printableJson, printableLines } from '../terminal/printable.ts'
import { evaluateConnection, formatConnectionVerdict } from './connection.ts'
import { explainById, explainDecision, explainLast } from './explain.ts'
import { formatExplanation } from './format.ts'
import { formatConnections, refusedConnections } from './refused-connections.ts'
import { tryManifests } from './try-manifests.ts'

export interface WhyFlags {
  readonly as?: string
  readonly asGroup?: readonly string[]
  readonly namespace?: string
  readonly subresource?: string
  readonly file?: string
  readonly dataDir?: string
  readonly kubeconfig?: string
  readonly output?: 'text' | 'json'
}

export interface WhyContext {
  readonly transport: Transport
  readonly client: Client
  /** From the flag, else from the kubeconfig. */
  readonly namespace: string
  readonly flags: WhyFlags
  readonly signal: AbortSignal
}

const refusedExit = 2
const auditId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Returns the exit code: 0 if everything is allowed, 2 if something is refused. Throws a `UserError` if there is no answer. */
export async function why(flags: WhyFlags, words: readonly string[], print: (text: string) => void, signal: AbortSignal): Promise<number> {
  const found = await findKubeconfig(flags)
  const { namespace } = found.config
  await using transport = reachCluster(found, 'bulkhead-why')
  const context = { transport, client: new Client(transport), namespace: flags.namespace ?? namespace, flags, signal }
  const [first = '', target, ...rest] = words
  const pod = /^(?:pods?|po)\/([^/]+)$/.exec(first)?.[1]
  if (pod !== undefined && rest.length === 0) return await whyNetwork(context, pod, target, print)
  const explanations = await ask(context, words)
  if (flags.output === 'json') print(printableJson(flags.file === undefined ? explanations[0] : explanations))
  else print(printableLines(explanations.map(formatExplanation).join('\n\n')))
  return explanations.every(({ allowed }) => allowed) ? 0 : refusedExit
}

async function whyNetwork(context: WhyContext, pod: string, target: string | undefined, print: (text: string) => void): Promise<number> {
  const json = context.flags.output === 'json'
  if (target === undefined) {
    const connections = await refusedConnections(context, pod)
    print(json ? printableJson(connections) : printableLines(formatConnections(`${context.namespace}/${pod}`, connections)))
    return connections.length === 0 ? 0 : refusedExit
  }
  const evaluated = await evaluateConnection(context, pod, target)
  print(json ? printableJson(evaluated) : printableLines(formatConnectionVerdict(evaluated)))
  return evaluated.allowed ? 0 : refusedExit
}

async function ask(context: WhyContext, words: readonly string[]): Promise<readonly Explanation[]> {
  const { flags } = context
  if ((flags.asGroup ?? []).length > 0 && flags.as === undefined) throw new UserError('--as-group requires --as')
  if (flags.file !== undefined) {
    if (words.length > 0) throw new UserError('Pass either -f FILE or a request, not both')
    return await tryManifests(context, flags.file)
  }
  const [first, second, third, ...rest] = words
  if (first === undefined) return [await explainLast(context)]
  if (second === undefined) {
    if (flags.as !== undefined) throw new UserError('An audit id identifies the user too: leave out --as')
    if (!auditId.test(first)) {
      const wanted = 'an audit id (a UUID, from the header Audit-Id of a response), pod/NAME, or VERB and RESOURCE[/NAME]'
      throw new UserError(`"${first}" is not a valid argument: pass ${wanted}`)
    }
    return [await explainById(context, first)]
  }
  if (rest.length > 0 || (third !== undefined && second.includes('/')))
    throw new UserError('Pass VERB and RESOURCE[/NAME]: bulkhead why get pods/web -n default')
  return [await explainDecision(context, first, third === undefined ? second : `${second}/${third}`)]
}
