// Who wrote a bill of materials, and when. Arguments, so that the same input gives the same bytes.

export interface Origin {
  readonly tool: string
  readonly version: string
  /** RFC 3339 in UTC with whole seconds, as SPDX demands: `2026-12-01T12:00:00Z`. */
  readonly createdAt: string
}
