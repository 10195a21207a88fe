// Composes the handlers of resources: verbs, subresources with other bodies, and computed resources.
import { ContinueTokens } from './answers/continue-token.ts'
import type { ApiServerOptions } from './api-server-options.ts'
import { registryHandlers } from './computed/registry/index.ts'
import { storageQuota } from './computed/registry/storage-quota.ts'
import { reviewHandlers } from './computed/reviews/index.ts'
import { containersOnNode } from './computed/usage/containers-on-node.ts'
import { usageHandlers } from './computed/usage/index.ts'
import { NodeUsages } from './computed/usage/node-usage.ts'
import type { WriteParts } from './objects/write-parts.ts'
import type { CheckOrigin } from './proxy/streams/own-origin.ts'
import { StreamMemory } from './proxy/streams/stream-memory.ts'
import { createStreamPod } from './proxy/tunnel/stream-pod.ts'
import type { Authorize } from './request/authorize.ts'
import { subresourceHandlers } from './subresources/index.ts'
import { resourceVerbs } from './verbs/resource-verbs.ts'
import type { OpenWatches } from './watch/open-watches.ts'
import { SharedFrames } from './watch/shared-frames.ts'

export interface ServerVerbParts {
  readonly options: ApiServerOptions
  readonly authorize: Authorize
  readonly writeParts: WriteParts
  readonly openWatches: OpenWatches
  readonly checkOrigin: CheckOrigin
}

/** Whole seconds: timers of one length share a list. */
const watchTimeout = (): number => Math.round((30 + Math.random() * 30) * 60) * 1000

export function serverVerbs({
  options,
  authorize,
  writeParts,
  openWatches,
  checkOrigin,
}: ServerVerbParts): ReturnType<typeof resourceVerbs> {
  const { view, clock, log, issueToken, openVolumeKey, rulesFor, reviewToken, reviewRegistryToken, issueRegistryToken } = options
  const { backendTls = { authorities: '', verify: true } } = options
  const { store, resources, nodeTunnels: tunnels } = view
  const memory = new StreamMemory()
  const streamPod = options.streamPod ?? createStreamPod({ writeParts, tunnels, clock, checkOrigin, memory })
  const usages = new NodeUsages({ tunnels, containersOn: name => containersOnNode(resources, name), clock, log })
  return resourceVerbs({
    ...writeParts,
    ...{ resources, store, openWatches, clock, checkOrigin, memory },
    frames: new SharedFrames(),
    continueTokens: new ContinueTokens(store.secretFor('continue tokens')),
    defaultTimeout: watchTimeout,
    subresources: subresourceHandlers({
      ...{ writeParts, resources, tunnels, clock, backendTls, checkOrigin, memory, streamPod, random: Math.random },
      isolates: options.isolates ?? true,
      ...(issueToken ? { issueToken } : {}),
      ...(openVolumeKey ? { openVolumeKey } : {}),
    }),
    computed: new Map([
      ...reviewHandlers({ authorize, writeParts, resources, ...(rulesFor ? { rulesFor } : {}), ...(reviewToken ? { reviewToken } : {}) }),
      ...usageHandlers({ resources, usages }),
      ...registryHandlers({
        ...{ authorize, storageOf: namespace => storageQuota(resources, namespace) },
        ...(reviewRegistryToken ? { reviewRegistryToken } : {}),
        ...(issueRegistryToken ? { issueRegistryToken } : {}),
      }),
    ]),
  })
}
