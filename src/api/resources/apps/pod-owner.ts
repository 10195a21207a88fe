// The common parts of kinds that own pods: selector and template, their validation and their columns.
import { writeJson } from '../../../base/write-json.ts'
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

/** The count is an alpha feature of v1.33: a new one is dropped, an existing one stays. */
export function dropTerminatingReplicas({ status }: CountsTerminating, old: CountsTerminating): void {
  if (old.status?.terminatingReplicas === undefined) delete status?.terminatingReplicas
}

const goStrategies = {
  DaemonSet: ['apps.DaemonSetUpdateStrategy', 'apps.RollingUpdateDaemonSet'],
  Deployment: ['apps.DeploymentStrategy', 'apps.RollingUpdateDeployment'],
  StatefulSet: ['apps.StatefulSetUpdateStrategy', 'apps.RollingUpdateStatefulSetStrategy'],
} as const

/** Go prints existing parameters as an address, so only their presence is shown. */
export function goUpdateStrategy(
  kind: keyof typeof goStrategies,
  strategy: { readonly type?: string; readonly rollingUpdate?: object },
): string {
  const [type, parameters] = goStrategies[kind]
  const shown = strategy.rollingUpdate === undefined ? 'nil' : writeJson(strategy.rollingUpdate)
  return goStruct(type, { Type: goString(strategy.type), RollingUpdate: `(*${parameters})(${shown})` })
}

export function validateNonnegative(value: number | null | undefined, field: string, errors: FieldError[]): void {
  if (value !== undefined && value !== null && value < 0) errors.push(invalidValue(field, value, negativeMessage))
}

/** If the count decreased or was reset, a revision's name could be used twice. */
export function validateCollisionCount(count: number | undefined, old: number | undefined, errors: FieldError[]): void {
  if (old !== undefined && (count === undefined || count < old)) {
    errors.push(invalidValue('status.collisionCount', count ?? 0, 'cannot be decremented'))
  }
}

/**
 * Upstream stores this annotation's value in the spec, which a write to `/status` cannot change: the annotation stays, whatever the client
 * sent.
 */
export function keepSpecAnnotation({ metadata }: KubeObject, old: KubeObject, name: string): void {
  const before = old.metadata.annotations?.[name]
  if (metadata.annotations?.[name] === before) return
  const { [name]: _sent, ...others } = metadata.annotations ?? {}
  const annotations = before === undefined ? others : { ...others, [name]: before }
  if (Object.keys(annotations).length > 0) metadata.annotations = annotations
  else delete metadata.annotations
}

/** Required, valid and not empty: an empty selector would adopt every pod of the namespace. Returns whether it is usable. */
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

/** The template of pods that run forever. `shared`: several pods may mount its volumes. */
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

/** A changed selector would orphan the pods of the old one. */
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
