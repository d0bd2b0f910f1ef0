/** Tokens that a provider may add around each message (roles, separators, names). Documented framing is 3 to 4. */
export const MESSAGE_FRAME_TOKENS = 16n;
/** Tokens that a provider may add around each tool definition when it rewrites it into its prompt syntax. */
export const TOOL_FRAME_TOKENS = 64n;
/**
 * The same where an operator has declared a model and says nothing else: templates of public models put up to about 550 tokens of their own
 * before a conversation.
 */
export const DECLARED_CALL_FRAME_TOKENS = 1024n;
/** Tokens that a provider may add once per call (priming of the answer, hidden system lines). */
export const CALL_FRAME_TOKENS = 64n;
