//! Blocks of numbers for as many MVNOs as one likes, at every carrier: rows written into the record of a gateway that is
//! down. The sample has five blocks, and a standing that denies new ones would be in the way.

/// The carriers, and how their blocks begin.
pub const CARRIERS: [(&str, &str); 3] =
    [("carriers/telecom", "1701"), ("carriers/mobile", "1706"), ("carriers/unicom", "1708")];

/// The n-th number of the m-th MVNO at a carrier; both count from 1, n up to 9,999.
pub fn number(carrier: usize, mvno: usize, n: usize) -> String {
    format!("+86{}{mvno:03}{n:04}", CARRIERS[carrier].1)
}

/// The name of the m-th MVNO.
pub fn mvno(m: usize) -> String {
    format!("m{m:02}")
}

/// The statements that make the participants that the sample lacks and every block.
pub fn statements(mvnos: usize) -> String {
    let mut text = String::new();
    for m in 1..=mvnos {
        let name = format!("mvnos/{}", mvno(m));
        text += &format!(
            "INSERT INTO participant (name, class, display_name, area, state, proposed_by, approved_by, create_time, \
             update_time) VALUES ('{name}', 'mvno', 'Made for a test', '', 'ACTIVE', 'test', 'test', 1, 1) \
             ON CONFLICT (name) DO NOTHING;\n"
        );
        for (carrier, start) in CARRIERS {
            text += &format!(
                "INSERT INTO allocation (id, prefix, mvno, carrier, allocate_time, allocated_by, reason) VALUES \
                 ('test-{start}{m:03}', '{start}{m:03}', '{name}', '{carrier}', 1, 'test', 'for a test');\n"
            );
        }
    }
    text
}
