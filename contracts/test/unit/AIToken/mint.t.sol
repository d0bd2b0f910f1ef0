// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AIToken} from "../../../src/compute/AIToken.sol";
import {IAIToken} from "../../../src/interfaces/IAITokenMinter.sol";
import {Test} from "../../support/Test.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

contract AITokenTest is Test {
    address internal minter = named("minter");
    address internal holder = named("holder");
    AIToken internal token = new AIToken(minter);

    function test_NothingExistsAtTheStart() public view {
        assertEq(token.totalSupply(), 0, "no premint");
        assertEq(token.minter(), minter, "minter");
        assertEq(token.decimals(), 18, "decimals");
    }

    function test_NeedsAMinter() public {
        vm.expectRevert(IAIToken.ZeroAddress.selector);
        new AIToken(address(0));
    }

    function testFuzz_OnlyTheMinterMints(address caller, uint256 amount) public {
        vm.assume(caller != minter);
        vm.expectRevert(abi.encodeWithSelector(IAIToken.OnlyMinter.selector, caller));
        vm.prank(caller);
        token.mint(holder, amount);
    }

    function testFuzz_HoldersBurnTheirOwn(uint256 amount, uint256 burnt) public {
        burnt = bound(burnt, 0, amount);
        vm.prank(minter);
        token.mint(holder, amount);
        vm.prank(holder);
        token.burn(burnt);
        assertEq(token.balanceOf(holder), amount - burnt, "balance");
        assertEq(token.totalSupply(), amount - burnt, "supply");
    }

    function test_NobodyBurnsMoreThanHeHas() public {
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, minter, 0, 1));
        vm.prank(minter);
        token.burn(1);
    }
}
