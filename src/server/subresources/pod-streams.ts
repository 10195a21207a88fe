// exec, attach and portforward as plain requests: they need a connection upgrade, which the listener hands to the stream translation.
import { badRequest } from '../../api/status.ts'
import type { ResourceContext } from '../request/request-context.ts'
import type { ResourceHandler } from '../resource-verbs.ts'
import type { Reply } from '../transport/exchange.ts'
import type { SubresourceParts } from './index.ts'

/** Takes over the exchange of an authorized and admitted stream request; resolves with what is answered where it cannot. */
export type StreamPod = (context: ResourceContext, kind: 'exec' | 'attach' | 'portforward') => Reply | Promise<Reply>

export function podStreams({ streamPod }: Pick<SubresourceParts, 'streamPod'>): readonly (readonly [string, ResourceHandler])[] {
  return (['exec', 'attach', 'portforward'] as const).map(kind => [
    `pods/${kind}`,
    context => {
      if (streamPod === undefined) throw badRequest('Upgrade request required')
      return streamPod(context, kind)
    },
  ])
}
