// What one kind of the API is: data and pure functions. Discovery, paths, storage, tables and patches derive from it.
import type { CustomKind } from '../custom-resources/custom-kind.ts'
import type { Visits } from '../custom-resources/find-by-path.ts'
import type { FieldError, UpdateFaults } from '../field-error.ts'
import type { KubeObject } from '../object.ts'
import type { MetadataAgain } from '../validation/object-meta.ts'

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection'

const allVerbs: readonly Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

/** A column of the Table answer, as `kubectl get` prints it. */
export interface Column<T> {
  readonly name: string
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  readonly format?: string
  /** 0 is always shown, 1 only with `-o wide`. */
  readonly priority?: number
  readonly description?: string
  /** Rows have the cell, and the Table says nothing of it: so upstream's printer of a kind can be. */
  readonly undeclared?: boolean
  /** The cell; `now` is in milliseconds since the epoch, for ages. `visits` is what the row may still take where a column's path is others' to choose. */
  cell(object: T, now: number, visits?: Visits): string | number | boolean | null
}

/** What a strategy function may know besides the object. */
export interface StrategyContext {
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Who asks; undefined for offline checks. */
  readonly userName?: string
  readonly userGroups?: readonly string[]
  readonly userUid?: string
  readonly userExtra?: Readonly<Record<string, readonly string[]>>
  /** Tells the client of what a preparation changes the object for; undefined for offline checks. */
  warn?(text: string): void
}

/** How an update through the main path or through one subresource is prepared and validated. */
export interface UpdateStrategy<T extends KubeObject> {
  /** Puts back what this path may not change (status on the main path, spec on `/status`). Changes `object` in place. */
  prepare?(object: T, old: T, context: StrategyContext): void
  validate?(object: T, old: T): UpdateFaults
  /** Warnings for the client (deprecated fields, suspicious values). `old` is undefined for a new object. */
  warnings?(object: T, old: T | undefined): string[]
  /** For the audit event of a write, which auditors search for what the object reports. */
  auditAnnotations?(object: T): Readonly<Record<string, string>>
  /**
   * Paths that this one never writes and whose fields its writers therefore never manage: `metadata.labels`. Default: `spec` for `/status`,
   * `status` for the main path of a kind with a status.
   */
  readonly resetFields?: readonly string[]
  /**
   * What of metadata the kind's own rules for an update validate again, in their order; default `change` alone. False where they leave metadata
   * out: the rules of every object apply, of a new one after `validate` found nothing.
   */
  readonly validatesMetadata?: MetadataAgain
}

/**
 * A subresource. Without `kind` its body is the parent object itself (status, ephemeralcontainers, resize).
 * With `kind` the body is another kind (scale, eviction, binding, token, approval, log …) and `server/subresources/` handles it.
 */
export interface Subresource<T extends KubeObject> extends UpdateStrategy<T> {
  readonly name: string
  readonly verbs: readonly ('get' | 'update' | 'patch' | 'create' | 'delete')[]
  /** The only paths whose fields its writers manage; `*` is any item of a list. */
  readonly ownFields?: readonly string[]
  /** The kind of the body where it is not the parent's. */
  readonly kind?: { readonly group: string; readonly version: string; readonly kind: string }
}

/** What the Table of a kind has beside its columns. */
export interface TableRows<T> {
  /** What the Table says of a whole row beside its cells. */
  conditions?(object: T): readonly object[]
  /** The order of the rows where it is not that of the list. */
  compare?(a: T, b: T): number
}

/** Fields beside metadata.name and metadata.namespace that field selectors of a kind may name. */
export interface FieldSelectors<T> {
  /** By the names of the stored version. */
  values?(object: T): Record<string, string>
  /** The field paths that get an index of the store. */
  readonly indexed?: readonly string[]
  /** Where this version's selectors use other names: each with the name that the stored version gives it. */
  readonly names?: Readonly<Record<string, string>>
  /** Upstream's words for a field that selectors of this kind may not name; default: those of most kinds without fields of their own. */
  unknown?(field: string): string
}

/** How a kind is served where it differs from the others. */
export interface ServingRules<T> {
  /** An APIService of the group version takes its place (custom resources give way in any case). */
  readonly yieldsToApiService?: boolean
  /** Warns every request for the kind, reads included: the kind itself is deprecated. */
  readonly deprecation?: string
  /** Members and items of an object in a body; by default `maxValues` of schema/decode.ts. */
  readonly maxValues?: number
  /** Why upstream cannot read an object that its schema allows, for what it makes of annotations. */
  conversionProblem?(object: T): string | undefined
}

/** How objects of a kind are made and changed where it differs from the others. */
export interface WritingRules<T> {
  /** False for the kinds whose `generateName` is the name itself; default true. */
  readonly generatesNames?: boolean
  /** What is validated of a new object before its metadata. */
  validateFirst?(object: T): FieldError[]
  /** Drops an empty list or map that decoding keeps for this kind (`emptyCounts` of schema/compile.ts), but where `validateUpdate` tells it from none. */
  dropEmpty?(object: T, old: T | undefined): void
}

export interface GenerationRules<T> {
  /** What counts on the main path beside `spec`, or what alone where `spec` is no field of the kind. Compared by value. */
  parts(object: T): readonly unknown[]
}

/** How objects of a kind are deleted where it differs from the others. */
export interface DeletionRules<T> {
  /** Why nobody may delete the object of this name by itself, in upstream's words. */
  refuse?(name: string): string | undefined
  /** Objects are deleted with `metadata.deletionGracePeriodSeconds` first (pods). */
  graceSeconds?(object: T): number
  /** True for the kinds whose deletion upstream begins by an update of their own: it marks no grace period, and no new generation. */
  readonly skipsGracePeriod?: boolean
  /** What the beginning of a deletion changes in an object beside its metadata's times. */
  begin?(object: T, now: number): void
  /** Whether a deletion that is done at once is answered with the last state of the object, where other kinds get a Status. */
  readonly returnsObject?: boolean
}

export interface ResourceDefinition<T extends KubeObject = KubeObject> extends UpdateStrategy<T> {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly singular: string
  readonly listKind: string
  readonly namespaced: boolean
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly verbs: readonly Verb[]
  readonly subresources: readonly Subresource<T>[]
  readonly columns: readonly Column<T>[]
  readonly rows?: TableRows<T>
  readonly fieldSelectors?: FieldSelectors<T>
  readonly serving?: ServingRules<T>
  readonly writing?: WritingRules<T>
  readonly deletion?: DeletionRules<T>
  /** The version whose form is stored; undefined where this is the only or the stored version. */
  readonly storedAs?: {
    readonly version: string
    readonly group?: string
    /** Form of this version -> stored form, and back. Pure; they may change and return their argument. */
    toStored(object: T): KubeObject
    fromStored(object: KubeObject): T
  }
  /** What is read are the objects of another resource, each through `view`, which is pure and may share parts of its frozen argument. It has no verb that writes. */
  readonly projectionOf?: { readonly group: string; readonly plural: string; view(object: KubeObject): T }
  /** An answer is computed and nothing is stored (reviews, bindings); `server/reviews/` computes it. */
  readonly virtual?: boolean
  /** Whether metadata.generation counts changes of spec (and of everything but metadata and status where there is no spec), and of what else. */
  readonly countsGeneration: boolean | GenerationRules<T>
  /** Upstream's defaulting of this kind, on an object already decoded by schema. */
  setDefaults?(object: T): void
  prepareForCreate?(object: T, context: StrategyContext): void
  /** All of the object but the generic metadata, which the server checks with `nameRule`. */
  validate?(object: T): FieldError[]
  /** Validates an update on the main path, beside the generic metadata; where it is missing, `validate` validates the new object. */
  validateUpdate?(object: T, old: T): UpdateFaults
  /** Returns the messages of a bad name, as upstream words them; default: DNS-1123 subdomain. */
  nameRule?(name: string, prefix: boolean): string[]
  /** False for the kinds whose unqualified finalizers upstream accepts; default true. */
  readonly standardFinalizers?: boolean
  /** How objects are read and validated where a CustomResourceDefinition made the kind; undefined for built-in kinds, whose types are generated. */
  readonly custom?: CustomKind
  /** False for the kinds whose updates (not patches) must name the version that they change. Default true. */
  readonly allowUnconditionalUpdate?: boolean
  /** Whether an update of a missing object creates it. */
  readonly allowCreateOnUpdate?: boolean
}

type WithDefaults = 'singular' | 'listKind' | 'shortNames' | 'categories' | 'verbs' | 'subresources' | 'columns' | 'countsGeneration'

export type ResourceInput<T extends KubeObject> = Omit<ResourceDefinition<T>, WithDefaults> &
  Partial<Pick<ResourceDefinition<T>, WithDefaults>>

/** Fills what derives from the kind's name: singular, list kind, all verbs, name and age columns. */
export function defineResource<T extends KubeObject>(input: ResourceInput<T>): ResourceDefinition<T> {
  return {
    singular: input.kind.toLowerCase(),
    listKind: `${input.kind}List`,
    shortNames: [],
    categories: [],
    verbs: allVerbs,
    subresources: [],
    columns: [],
    countsGeneration: false,
    ...input,
  }
}
