// The state of a settings file that is read again: the settings in force and, if the current content is not accepted, why.

export interface FileState<T> {
  readonly settings: T
  /** Digest of their text: `sha256:` and hexadecimal digits. */
  readonly hash: string
  /** When they were read: milliseconds since the epoch. */
  readonly since: number
  /** Counts the changes of this state. */
  readonly change: number
  /** The current content of the file, which is not accepted. */
  readonly refused?: { readonly since: number; readonly why: string }
}
