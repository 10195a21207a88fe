// What a file of settings that is read again says: what holds of it, and why what is in it now does not, where it does not.

export interface FileState<T> {
  readonly settings: T
  /** Of the text that they were read from: `sha256:` and hexadecimal digits. */
  readonly hash: string
  /** When they were read: milliseconds since the epoch. */
  readonly since: number
  /** Counts the changes of this state. */
  readonly change: number
  /** What is in the file now: not taken. */
  readonly refused?: { readonly since: number; readonly why: string }
}
