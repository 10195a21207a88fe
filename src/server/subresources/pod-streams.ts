// exec, attach and portforward: they need a connection upgrade, which is handled by `StreamPod`.
import { badRequest } from '../../api/status.ts'
import type { ResourceHandler } from '../request/request-context.ts'
import type { SubresourceParts } from './index.ts'

export function podStreams({ streamPod }: Pick<SubresourceParts, 'streamPod'>): readonly (readonly [string, ResourceHandler])[] {
  return (['exec', 'attach', 'portforward'] as const).map(kind => [
    `pods/${kind}`,
    async context => {
      if (streamPod === undefined) throw badRequest('Upgrade request required')
      return streamPod(context, kind)
    },
  ])
}
