// Frames that are validated and otherwise ignored.

import { prioritySize, requireOtherStream } from './header-blocks.ts'
import { errorCode, Http2Error } from './wire/frames.ts'

export function checkPriority(id: number, bytes: Buffer, start: number, end: number): void {
  if (id === 0) throw new Http2Error(errorCode.protocolError, 'a PRIORITY frame came on stream 0')
  if (end - start !== prioritySize) throw new Http2Error(errorCode.frameSizeError, 'a PRIORITY frame has the wrong length')
  requireOtherStream(id, bytes, start)
}

/** The client opens no more streams; open ones continue. */
export function checkGoAway(id: number, length: number): void {
  if (id !== 0) throw new Http2Error(errorCode.protocolError, 'a GOAWAY frame came on a stream')
  if (length < 8) throw new Http2Error(errorCode.frameSizeError, 'a GOAWAY frame has the wrong length')
}
