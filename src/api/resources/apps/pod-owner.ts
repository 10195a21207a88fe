// What the kinds that own pods share: their selector, their template, and how both are validated and printed.
import { type FieldError, forbiddenField, invalidValue, notSupported, required } from '../../field-error.ts'
import type { KubeObject } from '../../object.ts'
import type { PodTemplateSpec } from '../../types/core-v1.ts'
import type { LabelSelector } from '../../types/meta-v1.ts'
import { goLabelSelector, goString, goStringMap, goStruct, invalidShown } from '../../validation/go-syntax.ts'
import { isEmptySelector, selectorMatches, validateLabelSelector } from '../../validation/label-selector.ts'
import { immutableMessage, negativeMessage } from '../../validation/object-meta.ts'
import { validatePodTemplateSpec } from '../../validation/pod/pod-template.ts'
import { semanticallyEqual } from '../../validation/semantic-equality.ts'
import { containerImages, containerNames, labelSelectorCell } from '../printing.ts'
import type { Column } from '../resource.ts'

type Selector = LabelSelector | null | undefined

interface CountsTerminating {
  readonly status?: { terminatingReplicas?: number }
}

/** The count is an alpha feature of v1.33: nobody brings it in, and what is there stays. */
export function dropTerminatingReplicas({ status }: CountsTerminating, old: CountsTerminating): void {
  if (old.status?.terminatingReplicas === undefined) delete status?.terminatingReplicas
}

const goStrategies = {
  DaemonSet: ['apps.DaemonSetUpdateStrategy', 'apps.RollingUpdateDaemonSet'],
  Deployment: ['apps.DeploymentStrategy', 'apps.RollingUpdateDeployment'],
  StatefulSet: ['apps.StatefulSetUpdateStrategy', 'apps.RollingUpdateStatefulSetStrategy'],
} as const

/** What Go prints of parameters that are there is an address, so only that they are there is shown. */
export function goUpdateStrategy(
  kind: keyof typeof goStrategies,
  strategy: { readonly type?: string; readonly rollingUpdate?: object },
): string {
  const [type, parameters] = goStrategies[kind]
  const shown = strategy.rollingUpdate === undefined ? 'nil' : JSON.stringify(strategy.rollingUpdate)
  return goStruct(type, { Type: goString(strategy.type), RollingUpdate: `(*${parameters})(${shown})` })
}

export function validateNonnegative(value: number | null | undefined, field: string, errors: FieldError[]): void {
  if (value !== undefined && value !== null && value < 0) errors.push(invalidValue(field, value, negativeMessage))
}

/** A count that went back, or was forgotten, would let the name of a revision be used twice. */
export function validateCollisionCount(count: number | undefined, old: number | undefined, errors: FieldError[]): void {
  if (old !== undefined && (count === undefined || count < old)) {
    errors.push(invalidValue('status.collisionCount', count ?? 0, 'cannot be decremented'))
  }
}

/**
 * Upstream keeps what this annotation says in the spec, which a write to `/status` cannot change: whatever the client sent, the annotation stays
 * what it was.
 */
export function keepSpecAnnotation({ metadata }: KubeObject, old: KubeObject, name: string): void {
  const before = old.metadata.annotations?.[name]
  if (metadata.annotations?.[name] === before) return
  const { [name]: _sent, ...others } = metadata.annotations ?? {}
  const annotations = before === undefined ? others : { ...others, [name]: before }
  if (Object.keys(annotations).length > 0) metadata.annotations = annotations
  else delete metadata.annotations
}

/** Required, well-formed and not empty: an empty selector would adopt every pod of the namespace. Returns whether it can be used. */
export function validateOwnerSelector(selector: Selector, kind: string, invalidDetail: string, errors: FieldError[]): boolean {
  if (selector === undefined || selector === null) {
    errors.push(required('spec.selector'))
    return true
  }
  const before = errors.length
  validateLabelSelector(selector, 'spec.selector', errors)
  const valid = errors.length === before
  if (isEmptySelector(selector))
    errors.push(invalidShown('spec.selector', goLabelSelector(selector), `empty selector is invalid for ${kind}`))
  if (!valid) errors.push(invalidShown('spec.selector', goLabelSelector(selector), invalidDetail))
  return valid
}

/** A selector that does not match its own template would create pods without end. A missing one selects nothing, so it never matches. */
export function validateTemplateLabels(template: PodTemplateSpec, selector: Selector, errors: FieldError[]): void {
  const labels = template.metadata?.labels
  if (selector !== undefined && selector !== null && (isEmptySelector(selector) || selectorMatches(selector, labels))) return
  errors.push(labelsMismatch(labels))
}

/** The template of pods that run for ever. `shared` means that several pods may mount its volumes. */
export function validateLongRunningTemplate(template: PodTemplateSpec, kind: string, shared: boolean, errors: FieldError[]): void {
  validatePodTemplateSpec(template, 'spec.template', errors)
  if (shared) validateReadOnlyDisks(template, errors)
  validateRunsForEver(template, kind, errors)
}

export function validateRunsForEver({ spec }: PodTemplateSpec, kind: string, errors: FieldError[]): void {
  if (spec?.restartPolicy !== 'Always') {
    errors.push(notSupported('spec.template.spec.restartPolicy', spec?.restartPolicy ?? '', ['Always']))
  }
  if (spec?.activeDeadlineSeconds !== undefined) {
    errors.push(forbiddenField('spec.template.spec.activeDeadlineSeconds', `activeDeadlineSeconds in ${kind} is not Supported`))
  }
}

function validateReadOnlyDisks({ spec }: PodTemplateSpec, errors: FieldError[]): void {
  spec?.volumes?.forEach(({ gcePersistentDisk }, index) => {
    if (gcePersistentDisk === undefined || gcePersistentDisk.readOnly === true) return
    errors.push(
      invalidValue(
        `spec.template.spec.volumes[${index}].gcePersistentDisk.readOnly`,
        false,
        'must be true for replicated pods > 1; GCE PD can only be mounted on multiple machines if it is read-only',
      ),
    )
  })
}

export function labelsMismatch(labels: Readonly<Record<string, string>> | undefined): FieldError {
  return invalidShown('spec.template.metadata.labels', goStringMap(labels), '`selector` does not match template `labels`')
}

/** A changed selector would orphan the pods that the old one had chosen. */
export function validateSelectorUnchanged(selector: Selector, old: Selector, errors: FieldError[]): void {
  if (semanticallyEqual(selector, old)) return
  if (selector === undefined || selector === null) errors.push(invalidValue('spec.selector', undefined, immutableMessage))
  else errors.push(invalidShown('spec.selector', goLabelSelector(selector), immutableMessage))
}

type PodOwner = KubeObject & { spec: { template?: PodTemplateSpec; selector?: Selector } }

const containersColumn: Column<PodOwner> = {
  name: 'Containers',
  type: 'string',
  priority: 1,
  cell: ({ spec }) => containerNames(spec.template?.spec?.containers),
}
const imagesColumn: Column<PodOwner> = {
  name: 'Images',
  type: 'string',
  priority: 1,
  cell: ({ spec }) => containerImages(spec.template?.spec?.containers),
}
const selectorColumn: Column<PodOwner> = {
  name: 'Selector',
  type: 'string',
  priority: 1,
  cell: ({ spec }) => labelSelectorCell(spec.selector ?? undefined),
}

/** Containers and Images, which `-o wide` shows. */
export const templateColumns: readonly Column<PodOwner>[] = [containersColumn, imagesColumn]
/** Containers, Images and Selector, which `-o wide` shows. */
export const podOwnerColumns: readonly Column<PodOwner>[] = [...templateColumns, selectorColumn]
