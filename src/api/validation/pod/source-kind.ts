// One kind of source that a volume or persistent volume may have: its field, its paths, its rules.
import type { FieldError } from '../../field-error.ts'

/** Where the object stands that has the source. */
export interface SourcePlace {
  readonly volumeName: string
  /** Path of the object that has the source's field. */
  readonly path: string
}

export interface SourceKind<Holder, Place extends SourcePlace> {
  readonly field: keyof Holder
  /** The last part of the path where upstream's differs from the field's name. */
  readonly forbiddenAs: string
  validate(holder: Holder, errors: FieldError[], place: Place): void
}

/** The maker of the source kinds of one holder. */
export const sourceKindsOf =
  <Holder, Place extends SourcePlace>() =>
  <K extends keyof Holder & string>(
    field: K,
    validate: (source: NonNullable<Holder[K]>, path: string, errors: FieldError[], place: Place) => void,
    names: { readonly path?: string; readonly forbidden?: string } = {},
  ): SourceKind<Holder, Place> => ({
    field,
    forbiddenAs: names.forbidden ?? field,
    validate(holder, errors, place) {
      const value = holder[field]
      if (value !== undefined && value !== null) validate(value, `${place.path}.${names.path ?? field}`, errors, place)
    },
  })
