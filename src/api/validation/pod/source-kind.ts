// One possible source of a volume or persistent volume: its field, its paths, its rules.
import type { FieldError } from '../../field-error.ts'

/** The place of the object that has the source. */
export interface SourcePlace {
  readonly volumeName: string
  /** Path of the object with the source's field. */
  readonly path: string
}

export interface SourceKind<Holder, Place extends SourcePlace> {
  readonly field: keyof Holder
  /** The last part of the path, if upstream's differs from the field's name. */
  readonly forbiddenAs: string
  validate(holder: Holder, errors: FieldError[], place: Place): void
}

/** Creates the source kinds of one holder. */
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
