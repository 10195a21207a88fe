import type { Pod } from '../../api/types/core-v1.ts'
import type { Cluster } from '../framework/cluster-state.ts'
import type { SchedulerPlugin } from '../framework/framework.ts'
import type { NodeInfo } from '../framework/node-info.ts'

const megabyte = 1024 * 1024
const least = 23 * megabyte
const maxPerContainer = 1000 * megabyte

/** Prefers nodes that have the pod's images already. */
export const imageLocality: SchedulerPlugin = {
  name: 'ImageLocality',
  weight: 1,
  wakesOn: [],
  prepare(pod, cluster) {
    const images = imagesOf(pod)
    const spread = new Map(images.map(image => [image, shareOfNodes(image, cluster)]))
    if ([...spread.values()].every(share => share === 0)) return undefined
    const most = maxPerContainer * images.length
    const score = (node: NodeInfo): number => {
      const sum = images.reduce((total, image) => total + Math.floor(sizeOn(node, image) * (spread.get(image) ?? 0)), 0)
      return Math.floor((100 * (Math.min(Math.max(sum, least), most) - least)) / (most - least))
    }
    return { scores: nodes => nodes.map(score) }
  },
}

function imagesOf({ spec }: Pod): string[] {
  return [...(spec.initContainers ?? []), ...spec.containers].map(({ image = '' }) => normalized(image))
}

/** `busybox` means `busybox:latest`. */
function normalized(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image
}

function sizeOn({ images }: NodeInfo, image: string): number {
  return images.get(image) ?? 0
}

/** An image that few nodes have counts less, or all its pods would go to those nodes. */
function shareOfNodes(image: string, cluster: Cluster): number {
  return cluster.nodesWithImage(image) / cluster.nodes.length
}
