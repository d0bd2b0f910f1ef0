/** Tokens that a provider may add around each message (roles, separators, names). Documented framing is 3 to 4. */
export const MESSAGE_FRAME_TOKENS = 16n;
/** Tokens that a provider may add around each tool definition when it rewrites it into its prompt syntax. */
export const TOOL_FRAME_TOKENS = 64n;
/** Tokens that a provider may add once per call (priming of the answer, hidden system lines). */
export const CALL_FRAME_TOKENS = 64n;
