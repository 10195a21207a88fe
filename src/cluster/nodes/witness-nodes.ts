// The nodes that are witnesses of the audit log of this server: it shows them its checkpoints through their tunnels.
import { networkInterfaces } from 'node:os'
import type { NodeWitness } from '../../access/audit/outputs/show-to-node.ts'
import {
  formatWitnessCall,
  maxWitnessReplyBytes,
  readWitnessReply,
  type WitnessCall,
  type WitnessReply,
  witnessKeyOf,
} from '../../api/nodes/witness-call.ts'
import { followObjects, type StoreView } from '../../api/store-view.ts'
import type { Node } from '../../api/types/core-v1.ts'
import type { NoteKey } from '../../base/tlog/note.ts'
import type { NodeTunnels } from '../../server/proxy/tunnel/node-tunnel.ts'

export const maxWitnessNodes = 3
const defaultAskMs = 10_000

export interface WitnessNodesOptions {
  readonly view: Pick<StoreView, 'list' | 'follow'>
  readonly tunnels: Pick<NodeTunnels, 'requestNode'>
  /** Of this machine. Default: those of its interfaces. */
  readonly ownAddresses?: ReadonlySet<string>
  /** A node that has not answered by then counts as away. Default: 10 s. */
  readonly askMs?: number
}

interface Candidate {
  readonly name: string
  readonly key: NoteKey
  /** RFC 3339. */
  readonly created: string
  readonly isOwnMachine: boolean
}

/** Follows the Nodes. Returns the witnesses of the moment; while no real node is ready there are none. */
export function followWitnessNodes({
  view,
  tunnels,
  ownAddresses = addressesHere(),
  askMs = defaultAskMs,
}: WitnessNodesOptions): () => readonly NodeWitness[] {
  const candidates = new Map<string, Candidate>()
  let chosen: readonly NodeWitness[] | undefined
  followObjects<Node>(view, 'nodes', (_namespace, name, node) => {
    const candidate = node === undefined ? undefined : candidateOf(node, ownAddresses)
    if (candidate === undefined && !candidates.has(name)) return
    if (candidate === undefined) candidates.delete(name)
    else candidates.set(name, candidate)
    chosen = undefined
  })
  return () => {
    chosen ??= chooseNodes([...candidates.values()]).map(({ name, key }) => ({
      ...{ name, key },
      ask: (call: WitnessCall, signal: AbortSignal) => askNode({ tunnels, name, askMs }, call, signal),
    }))
    return chosen
  }
}

/** Other machines than the server's first, then the oldest: a new node takes the place of none. Pure. */
export function chooseNodes(candidates: readonly Candidate[]): Candidate[] {
  const order = (a: Candidate, b: Candidate) =>
    Number(a.isOwnMachine) - Number(b.isOwnMachine) || compare(a.created, b.created) || compare(a.name, b.name)
  return candidates.toSorted(order).slice(0, maxWitnessNodes)
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function candidateOf(node: Node, ownAddresses: ReadonlySet<string>): Candidate | undefined {
  const { name, creationTimestamp, deletionTimestamp } = node.metadata
  const key = witnessKeyOf(node)
  const isReady = node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
  if (name === undefined || key === undefined || !isReady || deletionTimestamp !== undefined) return undefined
  const isOwnMachine = node.status?.addresses?.some(({ address }) => ownAddresses.has(address)) === true
  return { name, key, created: creationTimestamp ?? '', isOwnMachine }
}

const addressesHere = (): Set<string> =>
  new Set(Object.values(networkInterfaces()).flatMap(all => (all ?? []).map(({ address }) => address)))

/** Undefined if the node is away, does not answer in time, or is no witness, as one of an older release. */
async function askNode(
  { tunnels, name, askMs }: Required<Pick<WitnessNodesOptions, 'tunnels' | 'askMs'>> & { readonly name: string },
  call: WitnessCall,
  signal: AbortSignal,
): Promise<WitnessReply | undefined> {
  const answer = await readAnswer(tunnels, name, call, AbortSignal.any([signal, AbortSignal.timeout(askMs)]))
  signal.throwIfAborted()
  // 400 and 404: it does not know such calls.
  if (answer === undefined || [400, 404, 503].includes(answer.status)) return undefined
  if (answer.status !== 200) throw new Error(`node ${name} answered ${answer.status} as a witness`)
  if (answer.text === undefined) throw new Error(`node ${name} answered more than ${maxWitnessReplyBytes} bytes as a witness`)
  return readWitnessReply(answer.text)
}

/** `text` is undefined if it is too long. */
async function readAnswer(
  tunnels: Pick<NodeTunnels, 'requestNode'>,
  name: string,
  call: WitnessCall,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly text: string | undefined } | undefined> {
  try {
    const { status, stream } = await tunnels.requestNode(name, { kind: 'witness', body: Buffer.from(formatWitnessCall(call)) }, signal)
    const end = () => void stream.destroy()
    signal.addEventListener('abort', end, { once: true })
    try {
      const chunks: Buffer[] = []
      let bytes = 0
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        bytes += chunk.length
        if (bytes > maxWitnessReplyBytes) return { status, text: undefined }
        chunks.push(chunk)
      }
      return { status, text: Buffer.concat(chunks).toString('utf8') }
    } finally {
      signal.removeEventListener('abort', end)
      end()
    }
  } catch {
    // Its tunnel is closed or was cut, or it did not answer in time: that the node is away is reported by its condition Ready.
    return undefined
  }
}
