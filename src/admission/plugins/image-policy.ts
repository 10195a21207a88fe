// ImagePolicy: the policies of images hold for what will be stored, after all mutations.

import { groupResource } from '../../api/object.ts'
import { imagesAnnotation } from '../../api/pods/admitted-images.ts'
import { locatePod, podResources } from '../../api/pods/located-pod.ts'
import { forbidden } from '../../api/status.ts'
import { type AdmissionRequest, admitted, type Verdict } from '../admission.ts'
import { admittedOf } from '../images/admitted-images.ts'
import { hasDigest, imageUses, isControlled } from '../images/image-use.ts'
import type { AnyPolicy } from '../images/known-policies.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'
import { type ImageDigestsOptions, requiredMs } from './image-digests.ts'

export const imagePolicy: PluginDefinition<ImageDigestsOptions> = {
  name: 'ImagePolicy',
  does: 'Refuses images for which an ImagePolicy or ClusterImagePolicy does not hold',
  on: 'always',
  guard: 'images that nobody trusted signed run although a policy is for them',
  handles: [{ operations: ['CREATE', 'UPDATE'], resources: [...podResources, 'pods/*'] }],
  status: [{ name: 'image policies hold for every new pod', note: 'kubectl get clusterimagepolicies', proofs: ['S9'], always: true }],
  create,
}

interface Covered {
  readonly image: string
  readonly policies: readonly AnyPolicy[]
}

function create({ images, reader }: ImageDigestsOptions): PluginSteps {
  return {
    async validate(request, signal): Promise<Verdict> {
      const { object, oldObject, resource } = request
      const of = groupResource(resource.group, resource.plural)
      const isBinding = request.subresource === 'binding'
      // A pod that has waited since before a policy came starts no image that nobody verified.
      const bound = isBinding ? reader.get('pods', request.namespace, request.name) : object
      const located = bound && locatePod(of, bound)
      if (bound === undefined || located === undefined) return admitted
      const isPod = located.pointer === ''
      if (isPod && !isBinding && !annotationHolds(request, located.pod.metadata.annotations?.[imagesAnnotation]))
        return refuse(request, `the annotation "${imagesAnnotation}" is written by the server only`)
      if (images === undefined) return admitted
      // The pods of a template that a controller copied are evaluated themselves.
      if (!isPod && isControlled(bound.metadata)) return admitted
      const before = oldObject && locatePod(of, oldObject)
      const old = new Map(before === undefined ? [] : imageUses(before.pod.spec).map(({ name, image }) => [name, image]))
      const covered = imageUses(located.pod.spec).flatMap(({ name, image }): Covered[] => {
        if (old.get(name) === image) return []
        const policies = images.policies.matching(request.namespace, image)
        return policies.length === 0 ? [] : [{ image, policies }]
      })
      if (covered.length === 0) return admitted
      return evaluate(request, covered, async open => {
        if (images.answers === undefined) throw new Error('this server has no part "artifacts"')
        const limited = AbortSignal.any([signal, AbortSignal.timeout(requiredMs)])
        return images.answers.ask(request.namespace, located.pod, images.answers.look(request.namespace, located.pod, open), {
          knownOnly: false,
          signal: limited,
        })
      })
    },
  }
}

type Ask = (covered: readonly Covered[]) => ReturnType<NonNullable<NonNullable<ImageDigestsOptions['images']>['answers']>['ask']>

async function evaluate(request: AdmissionRequest, covered: readonly Covered[], ask: Ask): Promise<Verdict> {
  const { answers: known, failure } = admittedOf(request)
  const tagged = covered.find(({ image }) => !hasDigest(image))
  if (tagged !== undefined) {
    const answer = known.get(tagged.image)
    const why = answer?.message ?? failure ?? (known.size > 0 ? 'it was changed after the images were verified' : 'its digest is not known')
    return refuse(request, `image "${tagged.image}" is not verified: ${titles(tagged.policies)} requires it, and ${why}`)
  }
  const open = covered.filter(({ image }) => !known.has(image))
  let more: Awaited<ReturnType<Ask>> = new Map()
  try {
    if (open.length > 0) more = await ask(open)
  } catch (err) {
    const [first] = open
    if (first !== undefined)
      return refuse(
        request,
        `image "${first.image}" is not verified: ${titles(first.policies)} requires it, and ${err instanceof Error ? err.message : String(err)}`,
      )
  }
  for (const { image, policies } of covered) {
    const answer = known.get(image) ?? more.get(image)
    if (answer?.known !== true)
      return refuse(
        request,
        `image "${image}" is not verified: ${titles(policies)} requires it, and ${answer?.message ?? 'nothing is known of it'}`,
      )
    if (answer.verdict === 'Refused') return refuse(request, `image "${image}" is refused: ${answer.message}`)
    if (answer.message !== '') request.warn(`image "${image}": ${answer.message}`)
  }
  return admitted
}

const titles = (policies: readonly AnyPolicy[]): string =>
  policies.map(({ metadata }) => `policy "${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}"`).join(', ')

/** Updates through subresources that the first plug-in does not see keep the annotation. */
function annotationHolds(request: AdmissionRequest, found: string | undefined): boolean {
  const { oldObject, subresource } = request
  const seen = request.subresource === '' || subresource === 'ephemeralcontainers'
  return found === (seen ? admittedOf(request).annotation : oldObject?.metadata.annotations?.[imagesAnnotation])
}

const refuse = ({ resource, name }: AdmissionRequest, why: string): Verdict => ({ allowed: false, error: forbidden(resource, name, why) })
