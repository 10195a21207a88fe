// Data classes: how sensitive what an object holds is, and what logs, events and audit records may show of it.

/** The lowest first. */
export const dataClasses = ['public', 'internal', 'confidential', 'personal'] as const
export type DataClass = (typeof dataClasses)[number]

/** On namespaces, for all objects in them, and on objects. */
export const dataClassLabel = 'bulkhead.dev/data-class'
/** On objects, and on CustomResourceDefinitions for all objects of the kind: classes of fields, see `parseClassifiedFields`. */
export const dataClassFieldsAnnotation = 'bulkhead.dev/data-class-fields'
/** Lowering a class needs this verb on this resource, which exists only for authorization. */
export const lowerRight = { verb: 'lower', group: 'access.bulkhead.dev', resource: 'dataclasses' } as const

/** Of objects without a label, in namespaces without one. */
export const defaultClass: DataClass = 'internal'
/** Secrets are never below it. */
export const secretClass: DataClass = 'confidential'

export interface Handling {
  /** Bodies in the audit log: as its policy says, only where its records are sealed to readers, or never. The same for texts that quote an object. */
  readonly audit: 'record' | 'sealed' | 'metadata'
  /** Texts that quote an object, in the logs of the cluster's own parts. */
  readonly logs: 'show' | 'redact'
  /** Messages of Events about an object: as they are, without the values that the object holds, or not at all. */
  readonly events: 'show' | 'mask' | 'omit'
}

export type HandlingOfClasses = Readonly<Record<DataClass, Handling>>

export const defaultHandling: HandlingOfClasses = {
  public: { audit: 'record', logs: 'show', events: 'show' },
  internal: { audit: 'record', logs: 'show', events: 'show' },
  confidential: { audit: 'sealed', logs: 'redact', events: 'mask' },
  personal: { audit: 'metadata', logs: 'redact', events: 'omit' },
}

const rank = (dataClass: DataClass): number => dataClasses.indexOf(dataClass)

export const isBelow = (one: DataClass, other: DataClass): boolean => rank(one) < rank(other)

export const highest = (first: DataClass, ...others: readonly DataClass[]): DataClass =>
  others.reduce((most, next) => (isBelow(most, next) ? next : most), first)

export const isDataClass = (text: string): text is DataClass => dataClasses.some(each => each === text)

/** In place of a value. */
export const redacted = (dataClass: DataClass): string => `[${dataClass}]`
const leftOut = '(left out: '
/** In place of a whole text. */
export const leftOutOf = (dataClass: DataClass): string => `${leftOut}data class "${dataClass}")`
export const isLeftOut = (text: string): boolean => text.startsWith(leftOut)
