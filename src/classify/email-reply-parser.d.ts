/** The package brings no types of its own. */
declare module 'email-reply-parser' {
  export default class EmailReplyParser {
    /** The text without what it quotes and without its signature. */
    parseReply(text: string): string;
  }
}
