//! HTML that is put together from what stands in the program and from texts of others, which it never takes for
//! markup: [`Html::raw`] takes nothing that was not there when the program was built.

use crate::core::looking::plain;
use std::fmt::Write;

/// A document, or a part of one.
#[derive(Default)]
pub struct Html(String);

/// Appends a text so that it stays one, in an element or in a quoted attribute.
pub fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '`' => out.push_str("&#96;"),
            c if plain::is_hidden(c) => out.push_str(&plain::number(c)),
            c => out.push(c),
        }
    }
}

impl Html {
    /// Markup of the program.
    pub fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// A text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        escape(&mut self.0, text);
        self
    }

    /// A text of somebody else, cut to so many columns, whose direction stays within it.
    pub fn foreign(&mut self, text: &str, most: usize) -> &mut Self {
        self.raw("<bdi>")
            .text(&plain::cut(text, most))
            .raw("</bdi>")
    }

    /// A whole number with its thousands told apart.
    pub fn count(&mut self, number: i64) -> &mut Self {
        let digits = number.unsigned_abs().to_string();
        if number < 0 {
            self.0.push('−');
        }
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                self.0.push(',');
            }
            self.0.push(digit);
        }
        self
    }

    /// A number of a drawing.
    pub fn place(&mut self, number: f64) -> &mut Self {
        let number = if number.is_finite() { number } else { 0.0 };
        // A String takes whatever is written to it.
        let _ = write!(self.0, "{}", (number * 100.0).round() / 100.0);
        self
    }

    /// A share as a percentage for people: 100 % is all, and 0 % none.
    pub fn share(&mut self, share: f64) -> &mut Self {
        self.text(&percent(share))
    }

    /// Another part.
    pub fn part(&mut self, part: &Html) -> &mut Self {
        self.0.push_str(&part.0);
        self
    }

    /// The whole.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// A share as a percentage.
pub fn percent(share: f64) -> String {
    let hundred = share.clamp(0.0, 1.0) * 100.0;
    match hundred {
        h if h > 99.9 && h < 100.0 => String::from("> 99.9 %"),
        h if h > 0.0 && h < 0.1 => String::from("< 0.1 %"),
        0.0 => String::from("0 %"),
        100.0 => String::from("100 %"),
        h => format!("{h:.1} %"),
    }
}

/// Begins a table that scrolls by itself where it is wider than the page.
pub fn table(out: &mut Html, caption: &'static str, columns: &[(&'static str, bool)]) {
    out.raw("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"")
        .raw(caption)
        .raw("\"><table><caption class=\"unseen\">")
        .raw(caption)
        .raw("</caption><thead><tr>");
    for (name, is_number) in columns {
        out.raw(if *is_number {
            "<th scope=\"col\" class=\"n\">"
        } else {
            "<th scope=\"col\">"
        })
        .raw(name)
        .raw("</th>");
    }
    out.raw("</tr></thead><tbody>\n");
}

/// Ends it.
pub fn end_table(out: &mut Html) {
    out.raw("</tbody></table></div>\n");
}
