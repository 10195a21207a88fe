// The usage of containers as reported by nodes: fetched through their tunnels, not trusted, and cached for a few seconds.
import type { Duplex } from 'node:stream'
import type { ContainerUsage, NodeUsage, Usage } from '../../../api/nodes/node-protocol.ts'
import { isRecord } from '../../../api/schema/compile.ts'
import type { Clock } from '../../../base/clock.ts'
import { parseJson } from '../../../base/json.ts'
import type { Logger } from '../../../base/log.ts'
import { boundedBytes } from '../../http/bounded-answer.ts'
import type { NodeTunnels } from '../../proxy/tunnel/node-tunnel.ts'

/** Cache time: nodes measure every 15 s. */
export const rememberedMs = 5_000
/** Time limit of a node's response, head and body. */
const answerMs = 10_000
/** Size limit of a response: for the node with recently ended containers, and for each container of its pods. */
const baseBytes = 16 * 1024
const bytesPerContainer = 512
/** Absolute size limit, because parsing a response blocks the loop. */
const maxAnswerBytes = 1024 * 1024
/** Cached nodes; beyond it the least recently fetched are dropped. */
const maxRemembered = 10_000

export interface NodeUsagesOptions {
  readonly tunnels: Pick<NodeTunnels, 'requestNode'>
  /** The number of containers in the specs of the node's pods. */
  containersOn(nodeName: string): number
  readonly clock: Clock
  readonly log: Logger
}

export class NodeUsages {
  readonly #options: NodeUsagesOptions
  readonly #asked = new Map<string, { readonly at: number; readonly usage: Promise<NodeUsage> }>()

  constructor(options: NodeUsagesOptions) {
    this.#options = options
  }

  /** Never rejects: a node that is unreachable or sends an invalid response has no usage. */
  of(nodeName: string): Promise<NodeUsage> {
    const { clock, log } = this.#options
    const now = clock.now()
    const known = this.#asked.get(nodeName)
    if (known !== undefined && now - known.at < rememberedMs) return known.usage
    if (this.#asked.size >= maxRemembered) this.#asked.clear()
    const usage = this.#ask(nodeName).catch((err: unknown): NodeUsage => {
      log.debug('usage of node not known', { node: nodeName, err })
      return { containers: [] }
    })
    this.#asked.set(nodeName, { at: now, usage })
    return usage
  }

  /** Has its own time limit, because concurrent callers share it. */
  async #ask(nodeName: string): Promise<NodeUsage> {
    const signal = AbortSignal.timeout(answerMs)
    const answer = await this.#options.tunnels.requestNode(nodeName, { kind: 'kubelet', path: 'stats/usage' }, signal)
    try {
      const text = await readAll(answer.stream, maxAnswerLength(this.#options.containersOn(nodeName)), signal)
      if (answer.status !== 200) throw new Error(`the node answered ${answer.status}`)
      return parseNodeUsage(parseJson(text))
    } finally {
      answer.stream.destroy()
    }
  }
}

export const maxAnswerLength = (containers: number): number => Math.min(baseBytes + containers * bytesPerContainer, maxAnswerBytes)

async function readAll(stream: Duplex, maxBytes: number, signal: AbortSignal): Promise<string> {
  const stop = (): void => void stream.destroy(new Error('the node took too long'))
  signal.addEventListener('abort', stop, { once: true })
  try {
    return (await boundedBytes(stream, maxBytes)).toString('utf8')
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** Throws if the response is not a NodeUsage. */
export function parseNodeUsage(value: unknown): NodeUsage {
  if (!isRecord(value) || !Array.isArray(value['containers'])) throw new Error('the answer is no usage of a node')
  const node = value['node'] === undefined ? undefined : parseUsage(value['node'])
  const containers = value['containers'].map((each: unknown): ContainerUsage => {
    const usage = parseUsage(each)
    const { podUid, name } = isRecord(each) ? each : {}
    if (typeof podUid !== 'string' || typeof name !== 'string') throw new Error('the answer has a container without a name')
    return { podUid, name, ...usage }
  })
  return { ...(node === undefined ? {} : { node }), containers }
}

function parseUsage(value: unknown): Usage {
  if (!isRecord(value)) throw new Error('the answer has an invalid usage')
  const amount = (name: keyof Usage): number => {
    const number = value[name]
    if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0)
      throw new Error(`the answer has a ${name} that is no amount`)
    return number
  }
  return { at: amount('at'), windowMs: amount('windowMs'), cpuNanocores: amount('cpuNanocores'), memoryBytes: amount('memoryBytes') }
}
