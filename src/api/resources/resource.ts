// The definition of one kind of the API, as data and pure functions. Discovery, paths, storage, tables and patches derive from it.
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
  /** Rows have the cell, but the Table does not declare it, as in a few of upstream's printers. */
  readonly undeclared?: boolean
  /** The cell; `now` is in milliseconds since the epoch, for ages. `visits` is the row's remaining budget if users choose the column's path. */
  cell(object: T, now: number, visits?: Visits): string | number | boolean | null
}

/** Context of a strategy function. */
export interface StrategyContext {
  /** Milliseconds since the epoch. */
  readonly now: number
  /** The requester; undefined for offline checks. */
  readonly userName?: string
  readonly userGroups?: readonly string[]
  readonly userUid?: string
  readonly userExtra?: Readonly<Record<string, readonly string[]>>
  /** Warns the client about changes by the preparation; undefined for offline checks. */
  warn?(text: string): void
}

/** How an update through the main path or one subresource is prepared and validated. */
export interface UpdateStrategy<T extends KubeObject> {
  /** Restores fields that this path may not change (status on the main path, spec on `/status`). Modifies `object`. */
  prepare?(object: T, old: T, context: StrategyContext): void
  validate?(object: T, old: T): UpdateFaults
  /** Warnings for the client (deprecated fields, suspicious values). `old` is undefined for a new object. */
  warnings?(object: T, old: T | undefined): string[]
  /** For the audit event of a write, which auditors search for what the object reports. */
  auditAnnotations?(object: T): Readonly<Record<string, string>>
  /**
   * Paths that this one never writes, so that its writers never manage their fields: `metadata.labels`. Default: `spec` for `/status`,
   * `status` for the main path of a kind with a status.
   */
  readonly resetFields?: readonly string[]
  /**
   * The parts of metadata that the kind's own update rules validate again, in order; default only `change`. False if they omit metadata:
   * then every object's rules apply, and a new object's after `validate` found nothing.
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
  /** The kind of the body, if it is not the parent's. */
  readonly kind?: { readonly group: string; readonly version: string; readonly kind: string }
}

/** The Table of a kind beyond its columns. */
export interface TableRows<T> {
  /** Fields of a Table row beside its cells. */
  conditions?(object: T): readonly object[]
  /** The order of rows, if it differs from the list's. */
  compare?(a: T, b: T): number
}

/** Selectable fields beyond metadata.name and metadata.namespace. */
export interface FieldSelectors<T> {
  /** By the names of the stored version. */
  values?(object: T): Record<string, string>
  /** The field paths that the store indexes. */
  readonly indexed?: readonly string[]
  /** This version's names of selectable fields, if they differ from the stored version's: each with the stored name. */
  readonly names?: Readonly<Record<string, string>>
  /** Upstream's error for an unsupported field selector of this kind; default: that of most kinds without selectable fields. */
  unknown?(field: string): string
}

/** How a kind is served, if it differs from the others. */
export interface ServingRules<T> {
  /** An APIService of the group version replaces it (custom resources always yield). */
  readonly yieldsToApiService?: boolean
  /** A warning for every request, including reads: the kind itself is deprecated. */
  readonly deprecation?: string
  /** Limit of members and items of an object in a body; default `maxValues` of schema/decode.ts. */
  readonly maxValues?: number
  /** Why upstream, which converts annotations, cannot read an object that its schema allows. */
  conversionProblem?(object: T): string | undefined
}

/** How objects of a kind are created and changed, if it differs from the others. */
export interface WritingRules<T> {
  /** False for kinds whose `generateName` is the name itself; default true. */
  readonly generatesNames?: boolean
  /** Validation of a new object that precedes its metadata. */
  validateFirst?(object: T): FieldError[]
  /**
   * Drops an empty list or map that decoding keeps for this kind (`emptyCounts` of schema/compile.ts), except where `validateUpdate`
   * distinguishes it from none.
   */
  dropEmpty?(object: T, old: T | undefined): void
}

export interface GenerationRules<T> {
  /** What increments the generation on the main path beyond `spec`, or instead of it if the kind has no spec. Compared by value. */
  parts(object: T): readonly unknown[]
}

/** How objects of a kind are deleted, if it differs from the others. */
export interface DeletionRules<T> {
  /** Why the object of this name cannot be deleted on its own, in upstream's words. */
  refuse?(name: string): string | undefined
  /** Objects first get it as `metadata.deletionGracePeriodSeconds` when deleted (pods). `requested` is the deletion's own period. */
  graceSeconds?(object: T, requested: number | undefined): number
  /** True for kinds whose deletion upstream begins with an update of their own: it sets no grace period, and no new generation. */
  readonly skipsGracePeriod?: boolean
  /** Changes of an object when its deletion begins, beyond its metadata's times. */
  begin?(object: T, now: number): void
  /** Whether an immediate deletion returns the last state of the object instead of a Status. */
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
  /** The version whose form is stored; undefined if it is this one. */
  readonly storedAs?: {
    readonly version: string
    readonly group?: string
    /** Converts this version to the stored form, and back. Pure; may modify and return the argument. */
    toStored(object: T): KubeObject
    fromStored(object: KubeObject): T
  }
  /**
   * Reads return objects of another resource, each through `view`, which is pure and may share parts of its frozen argument. It has no
   * writing verbs.
   */
  readonly projectionOf?: { readonly group: string; readonly plural: string; view(object: KubeObject): T }
  /** The answer is computed and nothing is stored (reviews, bindings); see `server/computed/`. */
  readonly virtual?: boolean
  /** Whether metadata.generation counts changes of the spec (or of everything but metadata and status without a spec), and of what else. */
  readonly countsGeneration: boolean | GenerationRules<T>
  /** Upstream's defaulting of this kind, for an object already decoded by schema. */
  setDefaults?(object: T): void
  prepareForCreate?(object: T, context: StrategyContext): void
  /** All of the object but the generic metadata, which the server validates with `nameRule`. */
  validate?(object: T): FieldError[]
  /** Validates an update on the main path, beyond the generic metadata; default: `validate` on the new object. */
  validateUpdate?(object: T, old: T): UpdateFaults
  /** Upstream's messages about an invalid name; default: DNS-1123 subdomain. */
  nameRule?(name: string, prefix: boolean): string[]
  /** False for kinds whose unqualified finalizers upstream accepts; default true. */
  readonly standardFinalizers?: boolean
  /** Decoding and validation of a custom kind; undefined for built-in kinds, whose types are generated. */
  readonly custom?: CustomKind
  /** False for kinds whose updates (not patches) require a resourceVersion. Default true. */
  readonly allowUnconditionalUpdate?: boolean
  /** Whether an update of a missing object creates it. */
  readonly allowCreateOnUpdate?: boolean
}

type WithDefaults = 'singular' | 'listKind' | 'shortNames' | 'categories' | 'verbs' | 'subresources' | 'columns' | 'countsGeneration'

export type ResourceInput<T extends KubeObject> = Omit<ResourceDefinition<T>, WithDefaults> &
  Partial<Pick<ResourceDefinition<T>, WithDefaults>>

/** Fills in everything derived from the kind's name: singular, list kind, all verbs, name and age columns. */
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
