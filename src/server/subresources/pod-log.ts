// pods/log: the output of a container, through the tunnel of its node.
import { writeNodeQuery } from '../../api/nodes/node-query.ts'
import { badRequest, notFound } from '../../api/status.ts'
import type { ContainerStatus, Pod } from '../../api/types/core-v1.ts'
import { writeJson } from '../../base/write-json.ts'
import type { BodyStream } from '../http/exchange.ts'
import { logWebSocket } from '../proxy/streams/log-web-socket.ts'
import { nodeRefusal } from '../proxy/tunnel/node-refusal.ts'
import { chosenContainer } from '../request/chosen-container.ts'
import { readLogOptions } from '../request/log-options.ts'
import type { ResourceHandler } from '../request/request-context.ts'
import type { SubresourceParts } from './index.ts'

export function podLog({ tunnels, checkOrigin, memory }: Pick<SubresourceParts, 'tunnels' | 'checkOrigin' | 'memory'>): ResourceHandler {
  return async context => {
    const { served, info, query } = context
    const isWebSocket = context.request.upgrade === 'websocket'
    if (isWebSocket) checkOrigin(context.request)
    // Before the call to the node, so that a client with an unknown protocol gets an ordinary Status.
    const overWebSocket = isWebSocket ? logWebSocket(context.request, memory.open(context.user, info.namespace)) : undefined
    const options = readLogOptions(query, info.name)
    const entry = served.collection.get(info.namespace, info.name)
    if (entry === undefined) throw notFound(served.named, info.name)
    const pod = entry.object as Pod
    const container = chosenContainer(pod, query.get('container'))
    const node = pod.spec?.nodeName ?? ''
    // Without a node, upstream returns an empty log and not an error.
    if (node === '') return { status: 204, contentType: '', body: Buffer.alloc(0) }
    validateState(pod, container, options.previous)
    const answer = await tunnels.requestNode(
      node,
      {
        kind: 'logs',
        pod: { namespace: info.namespace, name: info.name, uid: pod.metadata.uid ?? '' },
        container,
        query: writeNodeQuery('logs', options),
      },
      context.request.signal,
    )
    // Readers get the error from their read; without a listener it would end the process.
    answer.stream.on('error', () => undefined)
    if (answer.status !== 200) throw await nodeRefusal(answer.status, answer.stream, 'unable to read the log')
    const free = () => answer.stream.destroy()
    const body: BodyStream = async (sink, signal) => {
      signal.addEventListener('abort', free, { once: true })
      try {
        for await (const chunk of answer.stream) {
          if (!sink.write(Buffer.from(chunk))) await sink.drained()
        }
      } finally {
        signal.removeEventListener('abort', free)
      }
    }
    if (overWebSocket !== undefined) return { ...overWebSocket(body), free }
    return { status: 200, contentType: 'text/plain', headers: noSniff, body, longRunning: options.follow, free }
  }
}

/** Always text/plain: a browser must not interpret the output of a container. */
const noSniff = { 'x-content-type-options': 'nosniff' } as const

/** A container that has not started has no log: throws the reason in upstream's words. */
function validateState(pod: Pod, container: string, previous: boolean): void {
  const name = pod.metadata.name ?? ''
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = pod.status ?? {}
  const status = [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses].find(({ name }) => name === container)
  if (previous) {
    if (status?.lastState?.terminated === undefined) {
      throw badRequest(`previous terminated container ${writeJson(container)} in pod ${writeJson(name)} not found`)
    }
    return
  }
  const why = waitingReason(status)
  if (why !== undefined) throw badRequest(`container ${writeJson(container)} in pod ${writeJson(name)} is ${why}`)
}

function waitingReason(status: ContainerStatus | undefined): string | undefined {
  if (status === undefined) return 'waiting to start: ContainerCreating'
  const { state, lastState } = status
  if (state?.running || state?.terminated || lastState?.terminated) return undefined
  const reason = state?.waiting?.reason
  if (reason === undefined || reason === '') return 'waiting to start - no logs yet'
  switch (reason) {
    case 'ErrImagePull':
    case 'ImagePullBackOff':
      return reason === 'ErrImagePull' ? "waiting to start: image can't be pulled" : 'waiting to start: trying and failing to pull image'
    default:
      return `waiting to start: ${reason}`
  }
}
