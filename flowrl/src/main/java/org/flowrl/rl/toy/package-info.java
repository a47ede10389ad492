/// The paper's Figure 1 (arXiv 2509.15207), as numbers and as a picture: a policy over a hundred states that matches a
/// distribution of rewards, and one that seeks the greatest reward. Read {@link org.flowrl.rl.toy.Toy}.
package org.flowrl.rl.toy;
