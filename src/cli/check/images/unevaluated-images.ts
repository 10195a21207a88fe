// Which image policies were not evaluated, because no layout of an image was given.
import { imageUses } from '../../../admission/images/image-use.ts'
import type { KubeObject } from '../../../api/object.ts'
import { groupResource } from '../../../api/object.ts'
import { locatePod } from '../../../api/pods/located-pod.ts'
import { parseJson } from '../../../base/json.ts'
import type { Client } from '../../../client/client.ts'
import { clusterImagePolicies, imagePolicies } from '../../../client/resources.ts'
import { coversImage } from '../../../supply-chain/policy/covers-image.ts'
import type { Verdict } from '../verdict.ts'

/** For an admitted object: the sentence to show; undefined if no policy is for its images. */
export type Unevaluated = (verdict: Verdict) => string | undefined

/** By the policies that the server has now. */
export async function unevaluatedImages(client: Client, signal: AbortSignal): Promise<Unevaluated> {
  const policies = [
    ...(await client.listAll(clusterImagePolicies, {}, signal)).map(policy => ({
      ...policy,
      title: `ClusterImagePolicy "${policy.metadata.name}"`,
    })),
    ...(await client.listAll(imagePolicies, {}, signal)).map(policy => ({ ...policy, title: `ImagePolicy "${policy.metadata.name}"` })),
  ]
  return verdict => {
    if (policies.length === 0 || verdict.outcome !== 'admitted') return undefined
    const { group, plural } = verdict.resource
    const object = parseJson(verdict.text) as KubeObject
    const located = locatePod(groupResource(group, plural), object)
    if (located === undefined) return undefined
    for (const { image } of imageUses(located.pod.spec)) {
      const policy = policies.find(
        ({ metadata, spec }) =>
          (metadata.namespace === undefined || metadata.namespace === object.metadata.namespace) && coversImage(spec.images, image),
      )
      if (policy !== undefined)
        return `${policy.title} is for image "${image}" and was not evaluated: give an OCI layout of the image, with its signatures, by --images`
    }
    return undefined
  }
}
