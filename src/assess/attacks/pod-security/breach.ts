// The form of an attack on the Pod Security Standards: fields that break exactly one rule, and others that differ in nothing but that.

/** As sent; also fields and values that no type allows. */
export type Fields = Readonly<Record<string, unknown>>

export type BreachLevel = 'baseline' | 'restricted'

/** A control of the standards, with the words by which a refusal names it. */
export interface Rule {
  /** The control's title in the standards. */
  readonly control: string
  /** The first level that has it. */
  readonly level: BreachLevel
  /** How the reason in a refusal begins. */
  readonly reason: string
  /** The same at `restricted`, if that level has a stricter form of the rule. */
  readonly restrictedReason?: string
}

export type Place = 'regular' | 'init' | 'sidecar' | 'ephemeral'

export interface Breach {
  /** What it sets, such as `capability SYS_PTRACE`; unique. */
  readonly name: string
  readonly rule: Rule
  /** The field that the refusal must name, below the container or the pod. */
  readonly field: string
  /** `securityContext` is merged with the one of a harmless container or pod; an undefined value removes a field. */
  readonly bad: Fields
  readonly good: Fields
  /** Fields of the pod in both, without which the API does not accept the bad ones. */
  readonly pod?: Fields
  /** The same, but only in the bad one, because another rule refuses them. */
  readonly badPod?: Fields
  /** Reasons that come with it, because the API allows this breach only together with others. */
  readonly also?: Partial<Record<BreachLevel, readonly string[]>>
}

export interface ContainerBreach extends Breach {
  /** Default: every place. */
  readonly places?: readonly Place[]
  /** The fields are set in every container of the pod, which the API requires of this one. */
  readonly everywhere?: true
}

/** Fields of the pod's spec, and annotations of its metadata. */
export interface PodBreach extends Breach {
  readonly badAnnotations?: Readonly<Record<string, string>>
}

export const reasonAt = (rule: Rule, level: BreachLevel): string =>
  level === 'restricted' ? (rule.restrictedReason ?? rule.reason) : rule.reason
