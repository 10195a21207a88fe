// `/bulkhead/v1/updates`: newer images of what runs, with the difference of known vulnerabilities, in the namespaces whose pods the user may list.
import { imageName } from '../../../api/resources/supply/image.ts'
import type { StoreReader } from '../../../api/store-view.ts'
import type { Image, ImageUpdate } from '../../../api/types/supply-v1.ts'
import { valueReply } from '../../answers/respond.ts'
import type { Authorize } from '../../request/authorize.ts'
import type { PathHandler } from '../../request/request-context.ts'
import type { PodsByImage, RunningImage } from './pods-by-image.ts'
import { visibleNamespaces } from './visible-namespaces.ts'

export const updatesPath = '/bulkhead/v1/updates'

export interface ProposedUpdate extends Omit<ImageUpdate, 'time'> {
  /** Findings of what runs. */
  readonly current: number
  /** Who runs it. */
  readonly running: readonly Pick<RunningImage, 'namespace' | 'pod' | 'container'>[]
}

export interface UpdateList {
  readonly kind: 'ImageUpdates'
  readonly apiVersion: 'updates.bulkhead.dev/v1'
  readonly items: readonly ProposedUpdate[]
}

export interface UpdatesParts {
  readonly pods: PodsByImage
  readonly reader: StoreReader
  readonly authorize: Authorize
}

const maxItems = 2000
const maxRunning = 100

export function updatesPathHandler({ pods, reader, authorize }: UpdatesParts): PathHandler {
  return async (context, path) => {
    if (path !== updatesPath) return undefined
    const isVisible = visibleNamespaces(authorize, context)
    const items: ProposedUpdate[] = []
    for (const digest of pods.digests()) {
      // The resource's own schema decoded the object.
      const { updates = [], findings } =
        (reader.get('images.supply.bulkhead.dev', '', imageName(digest)) as Image | undefined)?.status ?? {}
      if (updates.length === 0 || items.length >= maxItems) continue
      const visible: RunningImage[] = []
      for (const running of pods.running(digest)) if (await isVisible(running.namespace)) visible.push(running)
      const current = findings === undefined ? 0 : findings.critical + findings.high + findings.medium + findings.low + findings.unknown
      for (const { time: _, ...update } of updates) {
        const running = visible.filter(({ image }) => image === update.reference || image.startsWith(`${update.reference}@`))
        if (running.length === 0) continue
        items.push({
          ...update,
          current,
          running: running.slice(0, maxRunning).map(({ namespace, pod, container }) => ({ namespace, pod, container })),
        })
      }
    }
    return valueReply(context, { kind: 'ImageUpdates', apiVersion: 'updates.bulkhead.dev/v1', items } satisfies UpdateList)
  }
}
