// exec, attach and portforward as plain requests: they need a connection upgrade, which the listener hands to the stream translation.
import { badRequest } from '../../api/status.ts'
import type { ResourceHandler } from '../request/request-context.ts'
import type { SubresourceParts } from './index.ts'

export function podStreams({ streamPod }: Pick<SubresourceParts, 'streamPod'>): readonly (readonly [string, ResourceHandler])[] {
  return (['exec', 'attach', 'portforward'] as const).map(kind => [
    `pods/${kind}`,
    context => {
      if (streamPod === undefined) throw badRequest('Upgrade request required')
      return streamPod(context, kind)
    },
  ])
}
